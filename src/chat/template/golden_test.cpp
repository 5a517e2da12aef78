// Templates rendered here and by jinja2, byte for byte. The goldens are made by tools/template_make_goldens.py.
#include <gtest/gtest.h>

#include <boost/json.hpp>
#include <filesystem>

#include "base/file.h"
#include "chat/template/chat_template.h"
#include "chat/template/sha256_for_test.h"

namespace hermes::chat {
namespace {

constexpr size_t kMaxBytes = 16 << 20;
const std::string kGoldens = HERMES_SOURCE_DIR "/tests/golden/templates/";

json::value read(const std::string& name) { return read_json_file(kGoldens + name, kMaxBytes).value(); }
std::string text_of(const json::value& v) { return std::string(v.get_string()); }

Result<Rendered> render(const std::string& source, const json::object& variables) {
  HERMES_ASSIGN(const ChatTemplate parsed, ChatTemplate::parse(source, "t"));
  return parsed.render(variables);
}

// Fails where the result is not what the golden says: its text and ranges, or that there is an error.
void expect_as(const json::object& golden, const Result<Rendered>& rendered) {
  if (golden.contains("error")) {
    EXPECT_FALSE(rendered.ok()) << "jinja2 raises " << golden.at("error") << ", this renders "
                                << json::serialize(json::string(rendered->text));
    return;
  }
  ASSERT_TRUE(rendered.ok()) << rendered.error().message();
  EXPECT_EQ(rendered->text, text_of(golden.at("text")));
  json::array ranges;
  for (const auto& [begin, end] : rendered->generated) ranges.push_back(json::array{begin, end});
  const json::value* expected = golden.if_contains("generated");
  EXPECT_EQ(json::serialize(ranges), expected == nullptr ? "[]" : json::serialize(*expected));
}

TEST(TemplateGolden, Cases) {
  const json::value goldens = read("cases.json");
  const json::object& variables = goldens.at("variables").get_object();
  const json::array& cases = goldens.at("cases").get_array();
  ASSERT_GE(cases.size(), 400u);
  for (const json::value& one : cases) {
    SCOPED_TRACE(text_of(one.at("name")) + ":\n" + text_of(one.at("template")));
    expect_as(one.get_object(), render(text_of(one.at("template")), variables));
  }
}

TEST(TemplateGolden, NanoOverConversations) {
  const std::string source = read_text_file(HERMES_SOURCE_DIR "/recipes/nano/chat_template.jinja", kMaxBytes).value();
  const auto nano = ChatTemplate::parse(source, "nano");
  ASSERT_TRUE(nano.ok()) << nano.error().message();
  const json::value conversations = read("conversations.json"), goldens = read("nano.json");
  ASSERT_GE(conversations.get_array().size(), 40u);
  ASSERT_EQ(conversations.get_array().size(), goldens.get_array().size());
  for (size_t i = 0; i < goldens.get_array().size(); ++i) {
    const json::value& conversation = conversations.get_array()[i];
    SCOPED_TRACE(text_of(conversation.at("name")));
    ASSERT_EQ(conversation.at("name"), goldens.get_array()[i].at("name"));
    expect_as(goldens.get_array()[i].get_object(), nano->render(conversation.at("variables").get_object()));
  }
}

// Templates of public models, which are not ours to copy: their text comes from a folder of public data, and what they
// render to is known by its SHA-256.
TEST(TemplateGolden, PublicTemplatesOverConversations) {
  const json::value conversations = read("conversations.json"), goldens = read("public.json");
  const std::filesystem::path folder = std::filesystem::path(HERMES_SHARED) / "data" / "templates";
  if (!std::filesystem::is_directory(folder)) GTEST_SKIP() << "no public templates in " << folder;
  for (const auto& member : goldens.get_object()) {
    const std::string path = folder / std::string(member.key());
    if (!std::filesystem::exists(path)) GTEST_SKIP() << path << " is missing";
    const std::string source = read_text_file(path, kMaxBytes).value();
    ASSERT_EQ(sha256_hex(source), text_of(member.value().at("template"))) << path << " is not the text of the golden";
    const auto parsed = ChatTemplate::parse(source, path);
    ASSERT_TRUE(parsed.ok()) << parsed.error().message();
    const json::array& hashes = member.value().at("rendered").get_array();
    ASSERT_EQ(hashes.size(), conversations.get_array().size());
    for (size_t i = 0; i < hashes.size(); ++i) {
      const json::value& conversation = conversations.get_array()[i];
      const auto rendered = parsed->render(conversation.at("variables").get_object());
      EXPECT_EQ(rendered.ok() ? sha256_hex(rendered->text) : "error", text_of(hashes[i]))
          << path << ", " << text_of(conversation.at("name")) << ": "
          << (rendered.ok() ? rendered->text : rendered.error().message());
    }
  }
}

}  // namespace
}  // namespace hermes::chat
