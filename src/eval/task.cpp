#include "eval/task.h"

#include <algorithm>
#include <boost/json.hpp>
#include <map>
#include <tuple>

#include "base/compressed_file.h"
#include "base/json_lines.h"
#include "chat/reply.h"

namespace hermes::eval {
namespace {

constexpr size_t kMostBytes = size_t{4} << 30;

Status add_cases(const JsonObject& record, std::vector<Case>& cases) {
  Case base;
  HERMES_ASSIGN(base.id, record.string("id"));
  HERMES_ASSIGN(base.family, record.string("family"));
  HERMES_ASSIGN(base.kind, record.string("kind"));
  HERMES_ASSIGN(base.level, record.integer("level"));
  HERMES_ASSIGN(const auto thinking, record.optional_boolean("thinking"));
  base.thinking = thinking.value_or(false);
  const json::value* messages = record.find("messages");
  if (messages == nullptr) return Error::corrupt("{}: \"messages\" is missing", record.what());
  HERMES_ASSIGN(const std::vector<chat::Message> all, chat::read_messages(*messages, record.what()));
  if (const json::value* tools = record.find("tools")) {
    if (!tools->is_array()) return Error::corrupt("{}: \"tools\" must be a list", record.what());
    base.conversation.tools = tools->get_array();
  }
  const json::value* checks = record.find("checks");
  const json::array* list = checks == nullptr ? nullptr : checks->if_array();
  if (list == nullptr) return Error::corrupt("{}: \"checks\" must be a list of verifier specifications", record.what());
  size_t turn = 0;
  bool open = false;
  for (const chat::Message& message : all) {
    if (message.role == "assistant" && message.learnt) {
      if (turn >= list->size() || !(*list)[turn].is_object()) {
        return Error::corrupt("{}: \"checks\" has no specification for assistant turn {}", record.what(), turn + 1);
      }
      Case one = base;
      one.id += turn == 0 ? "" : fmt::format(".{}", turn + 1);
      one.think_left_open = open;
      HERMES_ASSIGN(auto verifier, verify::make_verifier((*list)[turn].get_object(),
                                                         fmt::format("{}: checks[{}]", record.what(), turn)));
      one.verifier = std::move(verifier);
      cases.push_back(std::move(one));
      const chat::Reply reply = chat::parse_reply(message.content, open);
      open = reply.has_reasoning && !reply.reasoning_closed;
      ++turn;
    }
    base.conversation.messages.push_back(message);
  }
  return {};
}

}  // namespace

Result<std::vector<Case>> read_cases(const std::string& path, std::string_view split) {
  HERMES_ASSIGN(const std::string text, read_text_or_zst(path, kMostBytes));
  std::vector<Case> cases;
  HERMES_TRY(for_each_json_line(text, path, [&](const json::value& value, const std::string& where) -> Status {
    HERMES_ASSIGN(const JsonObject record, JsonObject::from(value, where));
    if (!split.empty()) {
      HERMES_ASSIGN(const std::string of, record.string("split"));
      if (of != split) return {};
    }
    return add_cases(record, cases);
  }));
  return cases;
}

std::vector<Case> choose_cases(std::vector<Case> cases, size_t most) {
  if (cases.size() <= most) return cases;
  // Rank of each case within its cell; cells give up their first ones in turn.
  std::map<std::tuple<std::string, int64_t, bool>, size_t> in_cell;
  std::vector<std::pair<size_t, size_t>> order;  // rank, index
  for (size_t i = 0; i < cases.size(); ++i) {
    order.emplace_back(in_cell[{cases[i].family, cases[i].level, cases[i].thinking}]++, i);
  }
  std::sort(order.begin(), order.end());
  order.resize(most);
  std::sort(order.begin(), order.end(), [](const auto& a, const auto& b) { return a.second < b.second; });
  std::vector<Case> chosen;
  for (const auto& [rank, index] : order) chosen.push_back(std::move(cases[index]));
  return chosen;
}

}  // namespace hermes::eval
