#include "generate/tool_runner.h"

#include <boost/json.hpp>

#include "base/json.h"
#include "base/utf8.h"

namespace hermes::generate {

ToolResult failed_tool_result(std::string_view reason) {
  return {.content = to_json_text(json::object{{"error", to_valid_utf8(reason)}}), .failed = true};
}

}  // namespace hermes::generate
