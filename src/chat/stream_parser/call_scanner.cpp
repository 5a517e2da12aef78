#include "chat/stream_parser/call_scanner.h"

#include <boost/json.hpp>

#include "chat/stream_parser/json_call.h"
#include "chat/stream_parser/xml_call.h"

namespace hermes::chat {

CallScanner::State CallScanner::finish(size_t end) {
  Result<json::value> value = parse_json(arguments_, "arguments", {.unique_names = true});
  if (!value.ok()) return fail(value.error().message());
  if (!value->is_object()) return fail("\"arguments\" must be an object");
  object_ = std::move(value->get_object());
  end_ = end;
  return State::kDone;
}

std::unique_ptr<CallScanner> make_call_scanner(ReplyFormat format, const json::array* tools) {
  switch (format) {
    case ReplyFormat::kHermes:
      return std::make_unique<JsonCallScanner>(tags_of(format), /*needs_arguments=*/false);
    case ReplyFormat::kLlama3Json:
      return std::make_unique<JsonCallScanner>(tags_of(format), /*needs_arguments=*/true);
    case ReplyFormat::kQwen3Coder:
    case ReplyFormat::kSeedOss:
      break;
  }
  return std::make_unique<XmlCallScanner>(tools);
}

}  // namespace hermes::chat
