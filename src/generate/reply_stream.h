// ReplyStream: from the text of one request to its events. What every engine does between its detokenizer and the
// caller's sink: stop strings, and, where the request asks for it, taking the reply apart.
#pragma once

#include <memory>
#include <string_view>

#include "generate/generator.h"
#include "generate/stop_strings.h"

namespace hermes::generate {

class ReplyStream {
 public:
  ReplyStream(const Request& request, EventSink sink);

  void push(std::string_view text);
  bool stopped() const { return stop_.stopped(); }  // a stop string came
  // Sends what was held back; the reply is complete, cut off or cancelled as `reason` says. Returns the reason to
  // report: kToolCalls for a turn that ended with calls.
  FinishReason finish(FinishReason reason, chat::Reply& reply);

  // Where the reply stands; null where it is not taken apart.
  const chat::StreamParser* parser() const { return parser_.get(); }

 private:
  void show(std::string_view text);
  void pass_on(const chat::ReplyEvent& event);

  EventSink sink_;
  StopStrings stop_;
  std::unique_ptr<chat::StreamParser> parser_;
  chat::ReplyBuilder builder_;
  std::string text_;  // all that the parser got
};

}  // namespace hermes::generate
