#!/usr/bin/env python3
"""Makes tests/golden/templates/*.json: what chat templates render to in jinja2, set up as Hugging Face transformers does.

  conversations.json  conversations, each with the variables of its rendering
  nano.json           recipes/nano/chat_template.jinja over them: text, and byte ranges of {% generation %}
  cases.json          the small templates of tests/golden/templates/cases.txt: text, or the error
  public.json         SHA-256 of what public templates make of the conversations (they are not ours to copy: --templates
                      names their folder; without it the present file stays)

Needs transformers and jinja2; their versions are written to tests/golden/templates/VERSIONS.
"""

import argparse
import hashlib
import importlib.metadata
import json
import pathlib

from transformers.utils import chat_template_utils

ROOT = pathlib.Path(__file__).resolve().parent.parent
GOLDEN = ROOT / "tests" / "golden" / "templates"

WEATHER = {"type": "function", "function": {
    "name": "get_weather", "description": "Weather at a place, \"now\" <or> later & so on",
    "parameters": {"type": "object", "properties": {
        "place": {"type": "string", "description": "City, e.g. Zürich"},
        "unit": {"type": "string", "enum": ["celsius", "fahrenheit"], "default": "celsius"},
        "days": {"type": "integer", "minimum": 1, "maximum": 10},
        "near": {"type": "array", "items": {"type": "number"}}},
        "required": ["place"]}}}
ADD = {"type": "function", "function": {"name": "add", "description": "Adds", "parameters": {
    "type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}, "required": ["a", "b"]},
    "return": {"type": "number"}}}
PLAIN = {"type": "function", "function": {"name": "now", "description": "The time", "parameters": {
    "type": "object", "properties": {}}}}


def message(role, content, **more):
    return {"role": role, "content": content, **more}


def calls(*items):
    return [{"type": "function", "id": f"call_{i}", "function": {"name": name, "arguments": arguments}}
            for i, (name, arguments) in enumerate(items)]


def conversations():
    user, assistant, system, tool = (
        lambda text, role=role, **more: message(role, text, **more) for role in ("user", "assistant", "system", "tool"))
    think = "<think>\nTwo and two.\n</think>\n\n4"
    call = assistant("", tool_calls=calls(("get_weather", {"place": "Zürich", "near": [47.37, 8.5e-7], "days": 2})))
    two_calls = assistant("Let me see.", tool_calls=calls(("add", {"a": 1, "b": 2.5}), ("now", {})))
    bases = {
        "hello": [user("Hello")],
        "system": [system("Be brief."), user("Hello")],
        "turns": [user("2+2?"), assistant("4"), user("And 3+3?")],
        "system_turns": [system("You count."), user("2+2?"), assistant("4"), user("And 3+3?"), assistant("6")],
        "thought": [user("2+2?"), assistant(think), user("Sure?")],
        "thought_twice": [user("2+2?"), assistant(think), user("Sure?"), assistant("<think>Hm</think>Yes")],
        "thought_last": [user("2+2?"), assistant(think)],
        "open_thought": [user("2+2?"), assistant("<think>\nnot closed"), user("?")],
        "two_thoughts": [user("?"), assistant("<think>a</think>b<think>c</think>d"), user("?")],
        "reasoning_field": [user("?"), assistant("4", reasoning_content="Two and two"), user("!"), assistant("ok")],
        "empty": [user(""), assistant(""), user(" ")],
        "unicode": [system("Ünï¢ødé"), user("日本語 \U0001F44D\U0001F3FD e\u0301 \u05e9\u05dc\u05d5\u05dd"), assistant("\U0001F1E8\U0001F1ED ok\u2028"), user("\u00a0")],
        "markup": [user("<|im_start|>system\n{{ 1 }} {% if %} {# no #} <b>&amp;</b> \"'\\ \n\r\n\t")],
        "spaces": [system("  s \n"), user("\n\n  a  \n"), assistant(" \n b \n "), user("c\n")],
        "long": [user("word " * 200), assistant("line\n" * 100), user("x" * 1000)],
        "one_call": [user("Weather?"), call, tool("{\"t\": 21}"), assistant("21 degrees")],
        "call_pending": [user("Weather?"), call, tool("{\"t\": 21}", tool_call_id="call_0")],
        "two_calls": [user("Both"), two_calls, tool("3.5"), tool("noon"), assistant("3.5 at noon"), user("Thanks")],
        "call_after_thought": [user("Both"), assistant("<think>call</think>\n", tool_calls=calls(("now", {}))), tool("1"), assistant("<think>x</think>done")],
        "calls_in_turn": [system("s"), user("a"), assistant("", tool_calls=calls(("now", {}))), tool("1"), assistant("", tool_calls=calls(("add", {"a": -1, "b": 1e30}))), tool("2"), assistant("b"), user("c")],
        "call_as_text": [user("?"), assistant("<tool_call>\n{\"name\": \"now\", \"arguments\": {}}\n</tool_call>"), tool("1")],
        "nested_arguments": [user("?"), assistant("", tool_calls=calls(("deep", {"a": {"b": [1, None, True, {"c": "ü\"\\\n\u0001"}], "e": []}, "f": {}, "g": 1.0, "h": 1e16, "i": -0.0, "j": 0.1})))],
    }
    variants = [
        ("", {}),
        (" think", {"thinking": True, "enable_thinking": True}),
        (" keep", {"thinking": True, "keep_cots": True, "enable_thinking": False}),
        (" end", {"add_generation_prompt": False}),
        (" tools", {"tools": [WEATHER, ADD, PLAIN]}),
        (" think tools", {"tools": [WEATHER], "thinking": True, "bos_token": "<s>", "thinking_budget": 512}),
    ]
    tool_users = {"one_call", "call_pending", "two_calls", "call_after_thought", "calls_in_turn", "call_as_text", "nested_arguments"}
    out = []
    for name, messages in bases.items():
        for suffix, more in variants:
            if "tools" in suffix and name not in tool_users | {"hello", "system", "thought", "unicode"}:
                continue
            variables = {"messages": messages, "tools": None, "add_generation_prompt": True,
                         "bos_token": "<|begin_of_text|>", "eos_token": "<|eot_id|>", **more}
            out.append({"name": name + suffix, "variables": variables})
    return out


def byte_range(text, begin, end):
    return [len(text[:begin].encode()), len(text[:end].encode())]


def render(template, variables):
    """Text and byte ranges, or the error's text."""
    try:
        compiled = chat_template_utils._cached_compile_jinja_template(template)
        given = {k: v for k, v in variables.items() if k not in ("messages", "tools", "add_generation_prompt")}
        text, spans = chat_template_utils._render_with_assistant_indices(
            compiled, json.loads(json.dumps(variables.get("messages"))), variables.get("tools"), None,
            variables.get("add_generation_prompt", False), **given)
        text.encode()
        return {"text": text, "generated": [byte_range(text, *span) for span in spans]}
    except Exception as error:  # whatever it is, the template failed
        return {"error": f"{type(error).__name__}: {error}"}


def read_cases():
    """cases.txt: JSON (the variables of all), then templates. `--- name` opens one; after `--- each name`, every line is
    one."""
    head, *rest = (GOLDEN / "cases.txt").read_text(encoding="utf-8").rstrip("\n").split("\n--- ")
    cases = []
    for part in rest:
        name, text = part.split("\n", 1)
        if name.startswith("each "):
            lines = [line for line in text.split("\n") if line]
            cases += [(f"{name[5:]} {i + 1}", line) for i, line in enumerate(lines)]
        else:
            cases.append((name, text))
    return json.loads(head), cases


def write(name, value, indent=None):
    text = json.dumps(value, ensure_ascii=False, indent=indent)
    (GOLDEN / name).write_text(text.replace("}, {\"name\"", "},\n{\"name\"") + "\n", encoding="utf-8")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--templates", type=pathlib.Path, help="folder of public *.jinja files")
    options = parser.parse_args()

    all_conversations = conversations()
    write("conversations.json", all_conversations)
    nano = (ROOT / "recipes" / "nano" / "chat_template.jinja").read_text(encoding="utf-8")
    write("nano.json", [{"name": c["name"], **render(nano, c["variables"])} for c in all_conversations])

    variables, cases = read_cases()
    results = []
    for name, template in cases:
        result = render(template, variables)
        if "generated" in result and not result["generated"]:
            del result["generated"]
        results.append({"name": name, "template": template, **result})
    write("cases.json", {"variables": variables, "cases": results})

    if options.templates is not None:
        public = {}
        for path in sorted(options.templates.glob("*.jinja")):
            text = path.read_text(encoding="utf-8")
            rendered = [render(text, c["variables"]) for c in all_conversations]
            public[path.name] = {
                "template": hashlib.sha256(path.read_bytes()).hexdigest(),
                "rendered": [hashlib.sha256(r["text"].encode()).hexdigest() if "text" in r else "error" for r in rendered]}
        write("public.json", public, indent=1)

    versions = "".join(f"{p} {importlib.metadata.version(p)}\n" for p in ("jinja2", "markupsafe", "transformers"))
    (GOLDEN / "VERSIONS").write_text(versions)
    errors = [r for r in results if "error" in r]
    print(f"{len(all_conversations)} conversations, {len(results)} cases of which {len(errors)} fail")
    for r in results:
        if "error" in r and not r["name"].startswith("error"):
            print("unexpected:", r["name"], r["error"])
        if "error" not in r and r["name"].startswith("error"):
            print("no error:", r["name"], repr(r["text"]))


if __name__ == "__main__":
    main()
