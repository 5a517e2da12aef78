#include "chat/template/chat_template.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <chrono>
#include <ctime>
#include <thread>

namespace hermes::chat {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

Result<Rendered> render(std::string_view source, const json::object& variables = {},
                        const RenderOptions& options = {}) {
  HERMES_ASSIGN(const ChatTemplate parsed, ChatTemplate::parse(source, "chat.jinja"));
  return parsed.render(variables, options);
}

std::string text_of(std::string_view source, const json::object& variables = {}) {
  const auto rendered = render(source, variables);
  return rendered.ok() ? rendered->text : "ERROR " + rendered.error().message();
}

Error error_of(std::string_view source, const json::object& variables = {}) {
  const auto rendered = render(source, variables);
  return rendered.ok() ? Error::invalid("no error: {}", rendered->text) : rendered.error();
}

TEST(ChatTemplate, ErrorsNameTemplateLineAndWhatIsWrong) {
  const json::object variables{{"m", json::object{{"role", "user"}}}, {"n", nullptr}};
  const auto expect = [&](std::string_view source, std::string_view message) {
    EXPECT_EQ(error_of(source, variables).message(), "chat.jinja: " + std::string(message)) << source;
  };
  expect("a\n{{ x.y }}", "line 2: 'x' is undefined");
  expect("{{ m.content.x }}", "line 1: 'dict object' has no attribute 'content'");
  expect("{{ m.content + 'a' }}", "line 1: 'dict object' has no attribute 'content'");
  expect("{{ n.x.y }}", "line 1: 'None' has no attribute 'x'");
  expect("{{ [1][5] + 1 }}", "line 1: list object has no element 5");
  expect("{{\n\n'a' + 1 }}", "line 3: can only concatenate str (not \"int\") to str");
  expect("{{ 1 + 'a' }}", "line 1: unsupported operand type(s) for +: 'int' and 'str'");
  expect("{{ 1 < 'a' }}", "line 1: '<' not supported between instances of 'int' and 'str'");
  expect("{{ [].append(1) }}", "line 1: access to attribute 'append' of 'list' object is unsafe.");
  expect("{{ 1|length }}", "line 1: object of type 'int' has no len()");
  expect("{{ 1() }}", "line 1: 'int' object is not callable");
  expect("{% for x in 1 %}{% endfor %}", "line 1: 'int' object is not iterable");
  expect("\n\n{{ 1|nope }}", "line 3: No filter named 'nope'.");
  expect("{{ 1 is nope }}", "line 1: No test named 'nope'.");
  expect("{{ 1 ", "line 1: unexpected end of template, expected 'end of print statement'.");
  expect("{% if x %}",
         "line 1: Unexpected end of template. Jinja was looking for the following tags: 'elif' or 'else' or "
         "'endif'. The innermost block that needs to be closed is 'if'.");
  expect("{% nope %}", "line 1: Encountered unknown tag 'nope'.");
  expect("{{ a b }}", "line 1: expected token 'end of print statement', got 'b'");
  expect("{{ (1] }}", "line 1: unexpected ']', expected ')'");
  expect("{# x", "line 1: Missing end of comment tag");
  expect("{{ 99999999999999999999 }}", "line 1: an integer beyond 64 bits");
  expect("{{ 9223372036854775807 + 1 }}", "line 1: an integer beyond 64 bits");
}

TEST(ChatTemplate, ErrorsHaveTheirKind) {
  const Error raised = error_of("x\n{{ raise_exception('roles must alternate') }}");
  EXPECT_EQ(raised.code(), ErrorCode::kInvalidArgument);
  EXPECT_EQ(raised.message(), "chat.jinja: line 2: roles must alternate");
  EXPECT_EQ(error_of("{{ x.y }}").code(), ErrorCode::kCorrupt);
  EXPECT_EQ(error_of("{% if %}").code(), ErrorCode::kCorrupt);
  for (const std::string_view refused : {"{% include 'a' %}", "{% import 'a' as b %}", "{% from 'a' import b %}",
                                         "{% extends 'a' %}", "{% block a %}{% endblock %}", "{{ 'a'.encode() }}",
                                         "{{ [1]|random }}", "{% autoescape true %}{% endautoescape %}"}) {
    EXPECT_EQ(error_of(refused).code(), ErrorCode::kUnsupported) << refused;
  }
  EXPECT_THAT(error_of("{% include 'a' %}").message(), HasSubstr("'include'"));
  EXPECT_THAT(error_of("abc\xFF").message(), HasSubstr("byte 3 is not UTF-8"));
  EXPECT_THAT(error_of("{{ x }}", {{"x", "\xC3"}}).message(), HasSubstr("not UTF-8"));
  EXPECT_EQ(error_of(std::string((1 << 20) + 1, 'x')).code(), ErrorCode::kResourceExhausted);
}

// Far above what the bounds allow (a third of a second), so that a slow or instrumented machine passes.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer) || __has_feature(address_sanitizer)
#define HERMES_SANITIZED 1
#endif
#endif
#if defined(HERMES_SANITIZED)
constexpr double kSlowestSeconds = 40;  // sanitizers cost a factor of ten and more
#else
constexpr double kSlowestSeconds = 3;
#endif

// Each would run for ever, or fill the memory.
TEST(ChatTemplate, RunawayTemplatesEndSoon) {
  std::string nested = "{% set ns = namespace(x=[]) %}";
  nested += "{% for i in range(100000) %}{% set ns.x = [ns.x] %}{% endfor %}";
  const std::string runaways[] = {
      "{% for a in range(100000) %}{% for b in range(100000) %}{{ '' }}{% endfor %}{% endfor %}",
      "{% for a in range(100000) %}{% for b in range(100000) %}{% endfor %}{% endfor %}",
      "{{ 'x' * 10 ** 12 }}",
      "{{ [0] * 10 ** 12 }}",
      "{{ '%1000000000000d' % 1 }}",
      "{{ '{:1000000000000}'.format(1) }}",
      "{{ 'x'.ljust(10 ** 15) }}",
      "{{ 'x'.zfill(10 ** 15) }}",
      "{{ 'x'|center(10 ** 15) }}",
      "{{ 'a\nb'|indent(10 ** 15) }}",
      "{{ [1]|tojson(indent=10 ** 15) }}",
      "{{ [1]|batch(10 ** 15, 0)|list }}",
      "{{ [1]|slice(10 ** 15)|list }}",
      "{{ range(10 ** 15) }}",
      "{{ 2 ** 10 ** 10 }}",
      "{% set ns = namespace(x='x') %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "{% set ns = namespace(x='x') %}{% for i in range(100) %}{% set ns.x = ns.x ~ ns.x %}{% endfor %}",
      "{% set ns = namespace(x=['x']) %}{% for i in range(100) %}{% set ns.x = ns.x + ns.x %}{% endfor %}",
      "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x|replace('a', ns.x) %}{% endfor %}",
      "{% set ns = namespace(x='ab') %}{% for i in range(100) %}{% set ns.x = ns.x.join([ns.x] * 1000) %}{% endfor %}",
      "{% set ns = namespace(x='aé') %}{% for i in range(22) %}{% set ns.x = ns.x + ns.x %}{% endfor %}"
      "{% for i in range(100000) %}{{ ns.x[5] }}{% endfor %}",
      "{% set x = 'x' * 1000000 %}{% for i in range(100000) %}{{ x }}{% endfor %}",
      "{% set x = 'a' * 1000000 %}{% set y = 'a' * 500000 + 'b' %}{% for i in range(100000) %}{{ y in x }}{% endfor %}",
      "{% set x = 'a' * 1000000 %}{% set y = 'b' + 'a' * 500000 %}{{ x.rfind(y) }}{{ x.rsplit(y) }}"
      "{% for i in range(100000) %}{{ x.rfind(y) }}{% endfor %}",
      "{% set x = 'a ' * 1000000 %}{% for i in range(100000) %}{{ x.split()|length }}{{ x|wordcount }}{% endfor %}",
      "{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}",
      "{% macro m() %}{% for x in [1] %}{% if 1 %}{{ [m()] }}{% endif %}{% endfor %}{% endmacro %}{{ m() }}",
      "{% macro m() %}{% call m() %}{{ caller() }}{% endcall %}{% endmacro %}{{ m() }}",
      "{% for x in [1] recursive %}{{ loop([1]) }}{% endfor %}",
      "{% macro a() %}{{ a() }}{{ a() }}{% endmacro %}{{ a() }}",
      nested + "{{ ns.x }}",
      nested + "{{ ns.x|tojson }}",
      nested + "{% set y = ns.x %}" + nested + "{{ y == ns.x }}",
      nested + "{% set y = ns.x %}" + nested + "{{ y < ns.x }}",
      "{% set ns = namespace(x=()) %}{% for i in range(100000) %}{% set ns.x = (ns.x,) %}{% endfor %}{{ {ns.x: 1} }}",
      "{% set ns = namespace() %}{% set ns.me = ns %}{{ ns }}",
      "{% for i in range(100000) %}{% set q = range(100000)|list %}{% endfor %}",
      "{% set ns = namespace(x=[1]) %}{% for i in range(100000) %}{% set ns.x = ns.x|map('string') %}{% endfor %}"
      "{{ ns.x|first }}",
      "{% set ns = namespace(l=range(100000)) %}{% for i in range(100000) %}{% for b in ns.l %}{% set ns.l = loop %}{% "
      "break "
      "%}"
      "{% endfor %}{% endfor %}",
      "{% set ns = namespace(x=()) %}{% for i in range(100) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ {1: 2}[ns.x] "
      "}}",
      "{% set ns = namespace(x=()) %}{% for i in range(100) %}{% set ns.x = (ns.x, ns.x) %}{% endfor %}{{ ns.x == (1, "
      "ns.x) }}"
      "{{ ns.x }}",
      "{% set p = 'a.' * 100000 ~ 'a' %}{{ ([1] * 100000)|map(attribute=p, default={})|list }}",
      "{% set w = 'x' * 500000 %}{% for i in range(1000) %}{{ w|wordwrap(1)|length }}{% endfor %}",
      "{% set w = 'x' ~ '-' * 500000 %}{% for i in range(1000) %}{{ w|wordwrap(9)|length }}{% endfor %}",
      "{% for i in range(100000) %}{% set q = range(100000)|sort %}{% endfor %}",
      "{% set ns = namespace(d={}) %}{% for i in range(100000) %}{% set ns.d = dict(ns.d, **{'k' ~ i: i}) %}{% endfor "
      "%}",
  };
  for (const std::string& source : runaways) {
    const std::clock_t start = std::clock();  // of this process: neighbours do not count
    const Error error = error_of(source);
    const double taken = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
    EXPECT_EQ(error.code() == ErrorCode::kResourceExhausted || error.code() == ErrorCode::kUnsupported, true)
        << source << "\n"
        << error.message();
    EXPECT_LT(taken, kSlowestSeconds) << source;
  }
}

TEST(ChatTemplate, DeepSourcesAreRefused) {
  const auto repeat = [](std::string_view text, int n) {
    std::string out;
    for (int i = 0; i < n; ++i) out += text;
    return out;
  };
  constexpr int kMany = 20000;
  const std::string sources[] = {
      "{{ " + repeat("(", kMany) + "1" + repeat(")", kMany) + " }}",
      "{{ " + repeat("[", kMany) + repeat("]", kMany) + " }}",
      "{{ " + repeat("not ", kMany) + "1 }}",
      "{{ " + repeat("- ", kMany) + "1 }}",
      "{{ 1" + repeat(" + 1", kMany) + " }}",
      "{{ 1" + repeat(" or 0", kMany) + " }}",
      "{{ a" + repeat(".b", kMany) + " }}",
      "{{ a" + repeat("[0]", kMany) + " }}",
      "{{ a" + repeat("()", kMany) + " }}",
      "{{ a" + repeat("|list", kMany) + " }}",
      "{{ 1" + repeat(" if 1 else 1", kMany) + " }}",
      "{{ 1" + repeat(" if 1", kMany) + " }}",
      repeat("{% if 1 %}", kMany) + repeat("{% endif %}", kMany),
      repeat("{% for x in y %}", kMany) + repeat("{% endfor %}", kMany),
      "{% set " + repeat("(", kMany) + "a" + repeat(")", kMany) + " = 1 %}",
  };
  for (const std::string& source : sources) {
    EXPECT_EQ(error_of(source).code(), ErrorCode::kResourceExhausted) << source.substr(0, 40);
  }
  // A long if is not a deep one.
  EXPECT_EQ(text_of("{% if 0 %}" + repeat("{% elif 0 %}a{% set v = 1 %}", kMany) + "{% else %}b{% endif %}"), "b");
}

TEST(ChatTemplate, OptionsBoundARendering) {
  const std::string loop = "{% for i in range(1000) %}x{% endfor %}";
  EXPECT_FALSE(render(loop, {}, {.max_steps = 1000}).ok());
  EXPECT_TRUE(render(loop, {}, {.max_steps = 10000}).ok());
  EXPECT_FALSE(render(loop, {}, {.max_text = 999}).ok());
  EXPECT_TRUE(render(loop, {}, {.max_text = 1000}).ok());
  EXPECT_FALSE(render("{% set x = 'ab' * 100000 %}{{ 1 }}", {}, {.max_memory = 100000}).ok());
}

TEST(ChatTemplate, TheTimeIsInjected) {
  const std::string source = "{{ strftime_now('%Y-%m-%d %H:%M:%S') }}|{{ strftime_now('') }}|{{ strftime_now('é%%') }}";
  const auto now = std::chrono::system_clock::from_time_t(1700000000);
  const std::time_t seconds = 1700000000;
  std::tm local{};
  localtime_r(&seconds, &local);
  char expected[64];
  std::strftime(expected, sizeof expected, "%Y-%m-%d %H:%M:%S||é%%", &local);
  EXPECT_EQ(render(source, {}, {.now = now})->text, expected);
  EXPECT_THAT(text_of("{{ strftime_now('%Y') }}"), StartsWith("2"));
  EXPECT_THAT(text_of("{{ strftime_now('%c' * 1000) }}"), HasSubstr("a time format of 2000 bytes"));
}

TEST(ChatTemplate, GeneratedRangesAreBytesOfTheText) {
  const auto rendered = render(
      "ü{% generation %}日本{% endgeneration %}-{% for i in 'ab' %}{% generation %}{{ i }}"
      "{% endgeneration %}{% endfor %}");
  ASSERT_TRUE(rendered.ok());
  EXPECT_EQ(rendered->text, "ü日本-ab");
  const std::vector<std::pair<size_t, size_t>> expected{{2, 8}, {9, 10}, {10, 11}};
  EXPECT_EQ(rendered->generated, expected);
  // What a capture wrote and nobody printed lies within the text all the same.
  const auto dropped = render("{% set x %}{% generation %}abcdef{% endgeneration %}{% endset %}12");
  ASSERT_TRUE(dropped.ok());
  ASSERT_EQ(dropped->generated.size(), 1u);
  EXPECT_LE(dropped->generated[0].second, dropped->text.size());
}

TEST(ChatTemplate, VariablesKeepTheirTypesAndOrder) {
  const json::object variables{{"i", 1}, {"f", 1.0}, {"big", 9007199254740993}, {"o", {{"b", 1}, {"a", {1, nullptr}}}}};
  EXPECT_EQ(text_of("{{ i }} {{ f }} {{ big }} {{ o }} {{ o | tojson }}", variables),
            "1 1.0 9007199254740993 {'b': 1, 'a': [1, None]} {\"b\": 1, \"a\": [1, null]}");
  EXPECT_THAT(text_of("{{ x }}", {{"x", uint64_t{1} << 63}}), HasSubstr("beyond 64 bits"));
  EXPECT_EQ(text_of("fine", {{"x", uint64_t{1} << 63}}), "fine") << "what is not read is not looked at";
  EXPECT_EQ(text_of("{{ range }}", {{"range", "mine"}}), "mine") << "variables come before functions";
}

TEST(ChatTemplate, ConversationsBecomeVariables) {
  Conversation conversation{.messages = {{.role = "user", .content = "hi"}}, .tools = {}};
  const json::object plain = template_variables(conversation, true);
  EXPECT_EQ(to_json_text(plain),
            R"({"messages":[{"role":"user","content":"hi"}],"tools":null,"add_generation_prompt":true})");
  conversation.tools.push_back(json::object{{"type", "function"}});
  const json::object more =
      template_variables(conversation, false, {{"bos_token", "<s>"}, {"add_generation_prompt", 1}});
  EXPECT_EQ(to_json_text(more), R"({"messages":[{"role":"user","content":"hi"}],"tools":[{"type":"function"}],)"
                                R"("add_generation_prompt":1,"bos_token":"<s>"})");
}

TEST(ChatTemplate, ThreadsRenderOneTemplate) {
  const auto parsed = ChatTemplate::parse(
      "{% macro m(x) %}{{ 'é' + x ~ 'constant'[2:5] }}{% endmacro %}{% for i in range(200) %}{{ m(name) }}{% endfor %}",
      "t");
  ASSERT_TRUE(parsed.ok());
  std::vector<std::string> texts(4);
  std::vector<std::thread> threads;
  for (size_t t = 0; t < texts.size(); ++t) {
    threads.emplace_back([&, t] {
      texts[t] = parsed->render({{"name", std::string(1, static_cast<char>('a' + t))}})->text;
    });
  }
  for (std::thread& thread : threads) thread.join();
  for (size_t t = 0; t < texts.size(); ++t) {
    std::string expected;
    for (int i = 0; i < 200; ++i) expected += std::string("é") + static_cast<char>('a' + t) + "nst";
    EXPECT_EQ(texts[t], expected);
  }
}

TEST(ChatTemplate, GrowingTextsCostWhatTheyAppend) {
  // 20,000 appends to one text: copying it each time would be 2 GB.
  const std::string source =
      "{% set ns = namespace(t='') %}{% for i in range(20000) %}{% set ns.t = ns.t + '0123456789' %}{% endfor %}"
      "{{ ns.t | length }}";
  EXPECT_EQ(text_of(source), "200000");
  // Two texts that grow from the same beginning stay apart.
  EXPECT_EQ(text_of("{% set a = 'x' * 300 %}{% set b = a + 'y' %}{% set c = b + '1' %}{% set d = b + '2' %}"
                    "{{ b[299:] }} {{ c[299:] }} {{ d[299:] }}"),
            "xy xy1 xy2");
}

}  // namespace
}  // namespace hermes::chat
