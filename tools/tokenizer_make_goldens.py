#!/usr/bin/env python3
"""Makes src/tokenizer/testdata/goldens.json: what Hugging Face's `tokenizers` does with small tokenizer files.

  tokenizer_make_goldens.py OUT.json

Each case is the fields of a tokenizer.json (over one of the models, kept apart because cases share them) and texts with
their ids: as they are, with what the post-processor adds, and with special tokens kept as text (the latter two where they
differ); and their decoding.
"pre_tokenizers" holds what each pre-tokenizer cuts texts into. The version of the library is in the file.
"""

import json
import pathlib
import sys

import tokenizers
from tokenizers import Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers

CORPUS = ["the cat sat on the mat and the dog sat there", "hello hello world, the world says hello", "it's 2024 and 2025",
          "été à la plage, été chaud", "  two  spaces", "日本語 日本 本"]

BYTE_LEVEL = {"type": "ByteLevel", "add_prefix_space": False, "trim_offsets": True, "use_regex": False}
BYTE_LEVEL_GPT2 = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
BYTE_DECODER = {"type": "ByteLevel", "add_prefix_space": True, "trim_offsets": True, "use_regex": True}
WORDS = r"[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"


def split(pattern, behavior="Isolated", invert=False, kind="Regex"):
    return {"type": "Split", "pattern": {kind: pattern}, "behavior": behavior, "invert": invert}


def sequence(*parts):
    return {"type": "Sequence", "pretokenizers": list(parts)}


def byte_model():
    tokenizer = Tokenizer(models.BPE())
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.train_from_iterator(CORPUS, trainers.BpeTrainer(
        vocab_size=320, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False))
    return json.loads(tokenizer.to_str())["model"]


def char_model(**options):
    """Over characters, as sentencepiece models are: an unknown token, byte tokens, a few merges."""
    texts = ["<unk>"] + [f"<0x{byte:02X}>" for byte in range(256)] + list("abcdehlo t'é日") + ["he", "ll", "llo", "hello", "th", "the"]
    merges = [["h", "e"], ["l", "l"], ["ll", "o"], ["he", "llo"], ["t", "h"], ["th", "e"]]
    return {"type": "BPE", "dropout": None, "unk_token": None, "continuing_subword_prefix": None, "end_of_word_suffix": None,
            "fuse_unk": False, "byte_fallback": False, "ignore_merges": False,
            "vocab": {text: i for i, text in enumerate(texts)}, "merges": merges, **options}


def added(model, *tokens):
    """Added tokens with the ids that the library gives them: those of the vocabulary, else the next ones."""
    made, next_id = [], len(model["vocab"])
    for content, options in tokens:
        token_id = model["vocab"].get(content)
        if token_id is None:
            token_id, next_id = next_id, next_id + 1
        made.append({"id": token_id, "content": content, "single_word": False, "lstrip": False, "rstrip": False,
                     "normalized": False, "special": False, **options})
    return made


def template(model, tokens, before, after):
    ids = {t["content"]: t["id"] for t in tokens}
    pieces = [{"SpecialToken": {"id": t, "type_id": 0}} for t in before] + [{"Sequence": {"id": "A", "type_id": 0}}]
    pieces += [{"SpecialToken": {"id": t, "type_id": 0}} for t in after]
    return {"type": "TemplateProcessing", "single": pieces, "pair": pieces + [{"Sequence": {"id": "B", "type_id": 1}}],
            "special_tokens": {t: {"id": t, "ids": [ids[t]], "tokens": [t]} for t in {*before, *after}}}


TEXTS = ["", "hello world", "the <s> cat </s>", "<s><s>", "a<mask>b", "a  <mask>  b", "  <mask>", "<mask>\n\t", "a <mask> <mask> b",
         "word", "sword", "a word.", "word word", "wordy", "_word", "日word", " word ", "<tool>x</tool>", "<tool", "<tool><tool_call>",
         "<tool_cal", "é", "e\u0301", "caf\u00e9 cafe\u0301", "\u0301<s>e\u0301", "e\u0301<cafe\u0301>", "<caf\u00e9>", "it's 2024",
         "  two  spaces  ", "a\u00a0<mask>\u3000b", "<mask>\u180e<mask>", "x\u0085<mask>\u2028y", "日本語 日本", "👩\u200d👧 ok",
         "<s>hello</s> \n<s>", "aab", "aaab", "<a><aa><ab>", "\u212b", "<|x|><|x|", "the\r\n\r\n  cat"]


def cases(byte, chars):
    specials = added(byte, ("<s>", {"special": True}), ("</s>", {"special": True}))
    yield "special tokens, BOS and EOS", "byte", {
        "added_tokens": specials, "normalizer": None, "pre_tokenizer": sequence(split(WORDS), BYTE_LEVEL),
        "post_processor": {"type": "Sequence", "processors": [BYTE_LEVEL, template(byte, specials, ["<s>"], ["</s>"])]},
        "decoder": BYTE_DECODER}
    for name, options in [("lstrip", {"lstrip": True}), ("rstrip", {"rstrip": True}),
                          ("lstrip and rstrip", {"lstrip": True, "rstrip": True}),
                          ("lstrip and special", {"lstrip": True, "special": True})]:
        yield name, "byte", {"added_tokens": added(byte, ("<s>", {"special": True}), ("<mask>", options)), "normalizer": None,
                             "pre_tokenizer": sequence(split(WORDS), BYTE_LEVEL), "post_processor": None,
                             "decoder": BYTE_DECODER}
    yield "rstrip before a token of spaces", "byte", {
        "added_tokens": added(byte, ("<mask>", {"rstrip": True}), ("  ", {}), ("\n", {"rstrip": True})), "normalizer": None,
        "pre_tokenizer": BYTE_LEVEL, "post_processor": None, "decoder": BYTE_DECODER}
    yield "single word", "byte", {
        "added_tokens": added(byte, ("word", {"single_word": True}), ("<mask>", {"single_word": True, "lstrip": True})),
        "normalizer": None, "pre_tokenizer": sequence(split(WORDS), BYTE_LEVEL), "post_processor": None, "decoder": BYTE_DECODER}
    yield "longest of several", "byte", {
        "added_tokens": added(byte, ("<tool", {}), ("<tool>", {}), ("<tool_call>", {"special": True}), ("<tool><tool", {"special": True}),
                              ("aa", {"single_word": True}), ("<a>", {}), ("ab>", {}), ("<a", {"special": True})),
        "normalizer": None, "pre_tokenizer": sequence(split(WORDS), BYTE_LEVEL), "post_processor": None, "decoder": BYTE_DECODER}
    yield "NFC, normalized and not", "byte", {
        "added_tokens": added(byte, ("<caf\u00e9>", {"normalized": True}), ("e\u0301", {"normalized": False, "special": True}),
                              ("cafe\u0301", {"normalized": True}), ("<s>", {"special": True})),
        "normalizer": {"type": "NFC"}, "pre_tokenizer": sequence(split(WORDS), BYTE_LEVEL), "post_processor": None,
        "decoder": BYTE_DECODER}
    yield "a Sequence of NFC", "byte", {
        "added_tokens": [], "normalizer": {"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "NFC"}]},
        "pre_tokenizer": BYTE_LEVEL, "post_processor": BYTE_LEVEL, "decoder": {"type": "Sequence", "decoders": [BYTE_DECODER]}}
    yield "GPT-2's ByteLevel with a prefix space", "byte", {
        "added_tokens": specials, "normalizer": None, "pre_tokenizer": BYTE_LEVEL_GPT2, "post_processor": None,
        "decoder": BYTE_DECODER}
    yield "digits and a prefix space", "byte", {
        "added_tokens": specials, "normalizer": None,
        "pre_tokenizer": sequence({"type": "Digits", "individual_digits": True}, BYTE_LEVEL_GPT2), "post_processor": None,
        "decoder": BYTE_DECODER}
    yield "an added token of the vocabulary", "byte", {
        "added_tokens": added(byte, ("the", {}), ("<s>", {"special": True})), "normalizer": None, "pre_tokenizer": BYTE_LEVEL,
        "post_processor": None, "decoder": BYTE_DECODER}
    llama2 = {"type": "Sequence", "decoders": [{"type": "Replace", "pattern": {"String": "t"}, "content": " "},
                                               {"type": "ByteFallback"}, {"type": "Fuse"},
                                               {"type": "Strip", "content": " ", "start": 1, "stop": 0}]}
    for name, model in [("byte fallback", "fallback"), ("unknown token", "unk"), ("fused unknown tokens", "fused"),
                        ("byte fallback with gaps", "gaps"), ("ignore_merges", "whole")]:
        yield name, model, {"added_tokens": added(chars[model], ("<s>", {"special": True})), "normalizer": None,
                            "pre_tokenizer": split(" ", "MergedWithNext", kind="String"), "post_processor": None,
                            "decoder": llama2}


def pre_tokenizer_cases():
    texts = ["", "a", "  a b  c ", "one, two,, three", "12ab34 5٣½", "a1b22c", "--a--b", "the-final--countdown", "日本 語\n\nx", "don't 'S"]
    steps = [split(p, b, i, k) for p, k in [("\\s+", "Regex"), ("-", "String"), ("\\p{N}|,", "Regex"), ("(?=-)|x*", "Regex")]
             for b in ["Isolated", "Removed", "MergedWithPrevious", "MergedWithNext", "Contiguous"] for i in [False, True]]
    steps += [{"type": "Digits", "individual_digits": False}, {"type": "Digits", "individual_digits": True},
              sequence(split("\\s", "MergedWithNext"), {"type": "Digits", "individual_digits": True}, split("-", "Removed", kind="String")),
              split(WORDS), split("\\w+|\\W", "Isolated"), split("\\b", "Isolated"), split("\\p{Han}+|\\h", "Isolated"),
              split("(?m:a.b)|^\\S|\\p{L}{,2}$", "Isolated"), split("\\p{N}{2}+", "Isolated"), split("", "Isolated", kind="String")]
    for step in steps:
        shell = Tokenizer(models.BPE())
        fields = json.loads(shell.to_str())
        fields["pre_tokenizer"] = step
        made = Tokenizer.from_str(json.dumps(fields)).pre_tokenizer
        yield {"pre_tokenizer": step, "texts": [[text, [piece for piece, _ in made.pre_tokenize_str(text)]] for text in texts]}


def decoded(tokenizer, ids):
    return tokenizer.decode(ids, skip_special_tokens=False)


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    byte = byte_model()
    chars = {"fallback": char_model(byte_fallback=True), "unk": char_model(unk_token="<unk>"),
             "fused": char_model(unk_token="<unk>", fuse_unk=True), "whole": char_model(unk_token="<unk>", ignore_merges=True)}
    gaps = char_model(byte_fallback=True, unk_token="<unk>", fuse_unk=True)
    gaps["vocab"] = {text: i for i, text in enumerate(t for t in gaps["vocab"] if t != "<0x81>")}
    chars["gaps"] = gaps
    all_models = {"byte": byte, **chars}
    made = []
    for name, model, fields in cases(byte, chars):
        file = {"version": "1.0", "truncation": None, "padding": None, **fields, "model": all_models[model]}
        tokenizer = Tokenizer.from_str(json.dumps(file))
        texts = []
        for text in TEXTS:
            tokenizer.encode_special_tokens = False
            plain, around = tokenizer.encode(text, add_special_tokens=False).ids, tokenizer.encode(text).ids
            tokenizer.encode_special_tokens = True
            kept = tokenizer.encode(text, add_special_tokens=False).ids
            golden = {"text": text, "plain": plain, "decoded": decoded(tokenizer, plain)}
            if around != plain:
                golden["with_special"] = around
            if kept != plain:
                golden["text_specials"] = kept
            texts.append(golden)
        made.append({"name": name, "model": model, "fields": fields, "texts": texts})
    goldens = {"made_with": f"tokenizers {tokenizers.__version__}", "models": all_models, "cases": made,
               "pre_tokenizers": list(pre_tokenizer_cases())}
    with pathlib.Path(sys.argv[1]).open("w", encoding="utf-8") as out:
        out.write("{\n")
        for i, (key, value) in enumerate(goldens.items()):
            out.write(",\n" if i else "")
            if isinstance(value, list):
                out.write(json.dumps(key) + ": [\n" + ",\n".join(json.dumps(v, ensure_ascii=False) for v in value) + "]")
            else:
                out.write(json.dumps(key) + ": " + json.dumps(value, ensure_ascii=False))
        out.write("\n}\n")


if __name__ == "__main__":
    main()
