// StreamParser: what a model writes, taken apart while it comes: reasoning, content, tool calls.
//
// - Text is reasoning only if the reply opens with the reasoning tag (after white space), or if the prompt left one
//   open; up to the first closing tag. Elsewhere these tags are text.
// - A tool call is one wherever it begins: in content, in reasoning that is still open, several in a row, with or
//   without its closing tag once it is whole. What begins like a call and is none stays text, and what follows its
//   opening tag is looked at anew.
// - Reasoning and content lose the white space at their two ends, also around the calls there.
// - A reply that was cut off may end within a tag or a call: that text is withheld, neither content nor a call.
//
// Tags are found in the text, not by token id: so a vocabulary without single tokens for them works, and the result is
// the same for every way of cutting the text into pieces (events may be cut differently, their sum is not). Tokens of
// tags must be shown as text, then (ReplyTags). Time is linear in the text; memory is that of the call being read, at
// most the whole text.
//
//   StreamParser parser({.format = ReplyFormat::kHermes});
//   for (piece : pieces) parser.push(piece, sink);
//   parser.finish(StreamParser::Ending::kComplete, sink);
#pragma once

#include <boost/json/array.hpp>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "chat/reply_format.h"
#include "chat/stream_parser/call_scanner.h"
#include "chat/stream_parser/events.h"

namespace hermes::chat {

struct StreamParserOptions {
  ReplyFormat format = ReplyFormat::kHermes;
  bool think_left_open = false;          // the prompt ends inside reasoning (leaves_think_open)
  bool tool_calls = true;                // false: calls are text
  json::array tools{};                   // OpenAI form; types of parameters for qwen3_coder and seed_oss
  std::string call_id_prefix = "call_";  // ids are this and the call's number
};

class StreamParser {
 public:
  using Sink = FunctionRef<void(const ReplyEvent&)>;
  enum class Ending {
    kComplete,  // the model ended its turn
    kCutOff,    // a limit or the user did
  };

  explicit StreamParser(StreamParserOptions options = {});

  // Whole code points in, whole code points out.
  void push(std::string_view text, Sink sink);
  void finish(Ending ending, Sink sink);

  bool has_reasoning() const { return has_reasoning_; }        // it was opened, here or by the prompt
  bool reasoning_closed() const { return reasoning_closed_; }  // and the closing tag came
  bool thinking() const { return has_reasoning_ && !reasoning_closed_; }
  // Inside a tool call with its tags, or within what may become a tag: not a place to interrupt.
  bool in_call() const {
    return scanner_ != nullptr || where_ == Where::kAfterCall || (where_ == Where::kText && !buffer_.empty());
  }
  bool has_answer() const { return content_.started || calls_done_ > 0; }

  const std::string& withheld() const { return withheld_; }               // after a finish with kCutOff
  const std::vector<std::string>& problems() const { return problems_; }  // "tool call 2: not JSON at byte 7"

 private:
  enum class Where { kStart, kText, kCall, kAfterCall };
  struct Part {
    bool started = false;
    std::string space;  // seen, and shown if more text follows
  };
  struct Tag {
    std::string_view text;
    enum class Kind { kThinkClose, kCall, kFunction } kind;
  };

  void run(bool final, Sink sink);
  // Each makes progress (true), or needs more text (false).
  bool at_start(bool final);
  bool in_text(bool final, Sink sink);
  bool in_a_call(bool final, Sink sink);
  bool after_call(bool final);

  std::string_view rest() const { return std::string_view(buffer_).substr(pos_); }
  void show(std::string_view text, Sink sink);
  void open_call(size_t opening);  // of rest(): what opens it, before the body
  void hand_on(Sink sink);         // what the scanner has found and nobody has seen
  void found_no_call(Sink sink);

  StreamParserOptions options_;
  ReplyTags tags_;
  std::vector<Tag> tags_in_reasoning_, tags_in_content_;
  bool bare_json_ = false;  // llama3_json: calls need no tag where nothing but calls has come

  Where where_ = Where::kStart;
  bool cut_off_ = false;
  bool has_reasoning_ = false, reasoning_closed_ = false;
  std::string buffer_;
  size_t pos_ = 0;  // of the buffer: what comes before is dealt with
  Part reasoning_, content_;

  std::unique_ptr<CallScanner> scanner_;  // of the call that begins at pos_
  size_t opening_ = 0;                    // bytes before its body
  bool begun_ = false;                    // ToolCallBegin was sent
  size_t handed_on_ = 0;                  // bytes of its arguments
  size_t after_ = 0;                      // of rest(): what the search for a closing tag has passed
  size_t next_index_ = 0, attempts_ = 0, calls_done_ = 0;

  std::string withheld_;
  std::vector<std::string> problems_;
};

}  // namespace hermes::chat
