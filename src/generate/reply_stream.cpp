#include "generate/reply_stream.h"

namespace hermes::generate {

ReplyStream::ReplyStream(const Request& request, EventSink sink) : sink_(sink), stop_(request.stop) {
  if (request.reply) parser_ = std::make_unique<chat::StreamParser>(*request.reply);
}

void ReplyStream::show(std::string_view text) {
  if (text.empty()) return;
  if (parser_ == nullptr) {
    sink_(TextDelta{std::string(text)});
  } else {
    const chat::ReplyEvent event = chat::ContentDelta{std::string(text)};
    builder_.add(event);
    sink_(event);
  }
}

// A stop string ends an answer. In reasoning or in a tool call's arguments it is no more than text, and the call is the
// same with and without it.
void ReplyStream::pass_on(const chat::ReplyEvent& event) {
  if (stop_.stopped()) return;
  if (const auto* content = std::get_if<chat::ContentDelta>(&event)) return show(stop_.push(content->text));
  builder_.add(event);
  sink_(event);
}

void ReplyStream::push(std::string_view text) {
  if (parser_ == nullptr) return show(stop_.push(text));
  text_ += text;
  parser_->push(text, [this](const chat::ReplyEvent& event) { pass_on(event); });
}

FinishReason ReplyStream::finish(FinishReason reason, chat::Reply& reply) {
  if (parser_ == nullptr) {
    if (!stopped()) show(stop_.flush());
    return reason;
  }
  const auto ending =
      reason == FinishReason::kStop ? chat::StreamParser::Ending::kComplete : chat::StreamParser::Ending::kCutOff;
  parser_->finish(ending, [this](const chat::ReplyEvent& event) { pass_on(event); });
  if (!stopped()) show(stop_.flush());
  reply = std::move(builder_).take(*parser_);
  reply.text = std::move(text_);
  return reason == FinishReason::kStop && !reply.tool_calls.empty() ? FinishReason::kToolCalls : reason;
}

}  // namespace hermes::generate
