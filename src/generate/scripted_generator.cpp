#include "generate/scripted_generator.h"

#include <algorithm>

#include "generate/reply_stream.h"

namespace hermes::generate {

Status ScriptedGenerator::generate(const Request& request, EventSink sink) {
  if (requests_.size() == replies_.size()) return Error::invalid("the script has no reply {}", requests_.size() + 1);
  const std::string& text = replies_[requests_.size()];
  requests_.push_back(request);
  const auto words = [](std::string_view of) { return 1 + std::count(of.begin(), of.end(), ' '); };
  Finished finished;
  finished.usage.prompt_tokens = words(request.prompt);
  sink(PromptProgress{finished.usage.prompt_tokens, finished.usage.prompt_tokens});
  ReplyStream stream(request, sink);
  FinishReason reason = FinishReason::kStop;
  for (size_t at = 0; at < text.size() && !stream.stopped(); at += piece_) {
    if (request.cancel != nullptr && request.cancel->load()) reason = FinishReason::kCancelled;
    if (request.max_tokens >= 0 && words(text.substr(0, at)) > request.max_tokens) reason = FinishReason::kLength;
    if (reason != FinishReason::kStop) break;
    stream.push(std::string_view(text).substr(at, piece_));
    finished.usage.completion_tokens = words(text.substr(0, at + piece_));
  }
  finished.reason = stream.finish(reason, finished.reply);
  sink(finished);
  return {};
}

}  // namespace hermes::generate
