// Reads one tool call as its text comes: the interface between the stream parser, which knows where a call may begin,
// and the formats, which know what one looks like.
#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/json.h"
#include "chat/reply_format.h"

namespace hermes::chat {

class CallScanner {
 public:
  enum class State {
    kMore,    // a call so far; `arguments` may be handed on
    kDone,    // a whole call, `end` bytes of the body long
    kFailed,  // no call; `problem` says why
  };

  virtual ~CallScanner() = default;

  // `body` is the text from where the call's body begins to the end of what has come; every scan sees the same
  // beginning. Work already done is not done again. `final`: nothing will follow, so that the result is not kMore.
  virtual State scan(std::string_view body, bool final) = 0;

  bool has_name() const { return has_name_; }  // and stays as it is
  const std::string& name() const { return name_; }
  const std::string& arguments() const { return arguments_; }  // JSON text; grows, and is never taken back
  const json::object& object() const { return object_; }       // once done: `arguments`, parsed
  size_t end() const { return end_; }
  const std::string& problem() const { return problem_; }

 protected:
  State fail(std::string problem) {
    problem_ = std::move(problem);
    return State::kFailed;
  }
  // `arguments_` is complete: parses it.
  State finish(size_t end);

  bool has_name_ = false;
  std::string name_, arguments_, problem_;
  json::object object_;
  size_t end_ = 0;
};

// `tools` (OpenAI form) give the types of parameters to formats that write values without quotes; may be null.
std::unique_ptr<CallScanner> make_call_scanner(ReplyFormat format, const json::array* tools);

}  // namespace hermes::chat
