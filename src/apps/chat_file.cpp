#include "apps/chat_file.h"

#include <boost/json.hpp>

#include "base/file.h"

namespace hermes::apps {

Status save_chat(const std::string& path, const SavedChat& saved) {
  json::array messages;
  for (const chat::Message& message : saved.messages) messages.push_back(chat::to_json(message));
  const json::object out{{"model", saved.model}, {"thinking", saved.thinking}, {"messages", std::move(messages)}};
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HERMES_TRY(file.write(to_pretty_json_text(out) + "\n"));
  return file.commit();
}

Result<SavedChat> load_chat(const std::string& path) {
  HERMES_ASSIGN(const json::value value, read_json_file(path, size_t{64} << 20));
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, path));
  SavedChat saved;
  HERMES_ASSIGN(const auto model, object.optional_string("model"));
  HERMES_ASSIGN(const auto thinking, object.optional_boolean("thinking"));
  saved.model = model.value_or("");
  saved.thinking = thinking.value_or(true);
  const json::value* messages = object.find("messages");
  if (messages == nullptr) return Error::corrupt("{}: \"messages\" is missing", path);
  HERMES_ASSIGN(saved.messages, chat::read_messages(*messages, path));
  return saved;
}

}  // namespace hermes::apps
