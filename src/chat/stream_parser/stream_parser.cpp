#include "chat/stream_parser/stream_parser.h"

#include <algorithm>
#include <boost/json.hpp>

namespace hermes::chat {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr std::string_view kFunction = "<function=";
constexpr size_t kNone = std::string_view::npos;
constexpr size_t kMaxProblems = 100;  // of one reply: who writes more of them is not read for details

bool is_space(char c) { return kWhiteSpace.find(c) != kNone; }

}  // namespace

StreamParser::StreamParser(StreamParserOptions options)
    : options_(std::move(options)), tags_(tags_of(options_.format)), has_reasoning_(options_.think_left_open) {
  using Kind = Tag::Kind;
  tags_in_reasoning_.push_back({tags_.think_close, Kind::kThinkClose});
  if (!options_.tool_calls) return;
  tags_in_content_.push_back({tags_.call_open, Kind::kCall});
  if (options_.format == ReplyFormat::kQwen3Coder || options_.format == ReplyFormat::kSeedOss) {
    tags_in_content_.push_back({kFunction, Kind::kFunction});  // these models leave out the outer tag at times
  }
  tags_in_reasoning_.insert(tags_in_reasoning_.end(), tags_in_content_.begin(), tags_in_content_.end());
  bare_json_ = options_.format == ReplyFormat::kLlama3Json;
}

void StreamParser::push(std::string_view text, Sink sink) {
  buffer_ += text;
  run(false, sink);
}

void StreamParser::finish(Ending ending, Sink sink) {
  cut_off_ = ending == Ending::kCutOff;
  run(!cut_off_, sink);
  if (cut_off_) {
    if (rest().find_first_not_of(kWhiteSpace) != kNone) withheld_ = rest();
    if (scanner_ != nullptr) problems_.push_back(fmt::format("tool call {}: cut off", attempts_));
  }
  buffer_.clear();
  pos_ = 0;
}

void StreamParser::run(bool final, Sink sink) {
  bool more = true;
  while (more) {
    switch (where_) {
      case Where::kStart:
        more = at_start(final);
        break;
      case Where::kText:
        more = in_text(final, sink);
        break;
      case Where::kCall:
        more = in_a_call(final, sink);
        break;
      case Where::kAfterCall:
        more = after_call(final);
        break;
    }
  }
  buffer_.erase(0, pos_);
  pos_ = 0;
}

bool StreamParser::at_start(bool final) {
  pos_ = std::min(buffer_.find_first_not_of(kWhiteSpace, pos_), buffer_.size());
  if (rest().starts_with(tags_.think_open)) {  // some write it although the prompt has
    pos_ += tags_.think_open.size();
    has_reasoning_ = true;
  } else if (!final && tags_.think_open.starts_with(rest())) {
    return false;
  }
  where_ = Where::kText;
  return true;
}

// Text of the part that we are in. White space waits for what follows it.
void StreamParser::show(std::string_view text, Sink sink) {
  Part& part = thinking() ? reasoning_ : content_;
  const size_t last = text.find_last_not_of(kWhiteSpace);
  if (last == kNone) {
    if (part.started) part.space += text;
    return;
  }
  std::string out = part.started ? std::exchange(part.space, {}) : std::string();
  const size_t first = part.started ? 0 : text.find_first_not_of(kWhiteSpace);
  out += text.substr(first, last + 1 - first);
  part.started = true;
  part.space = text.substr(last + 1);
  if (&part == &reasoning_) {
    sink(ReasoningDelta{std::move(out)});
  } else {
    bare_json_ = false;
    sink(ContentDelta{std::move(out)});
  }
}

bool StreamParser::in_text(bool final, Sink sink) {
  if (bare_json_ && !thinking()) {
    const size_t first = rest().find_first_not_of(kWhiteSpace);
    if (first != kNone && rest()[first] == '{') {
      pos_ += first;
      open_call(0);
      return true;
    }
  }
  const std::vector<Tag>& tags = thinking() ? tags_in_reasoning_ : tags_in_content_;
  const std::string_view text = rest();
  for (size_t at = text.find('<'); at != kNone; at = text.find('<', at + 1)) {
    const std::string_view here = text.substr(at);
    for (const Tag& tag : tags) {
      if (here.starts_with(tag.text)) {
        show(text.substr(0, at), sink);
        pos_ += at;
        if (tag.kind == Tag::Kind::kThinkClose) {
          pos_ += tag.text.size();
          reasoning_closed_ = true;
        } else {
          open_call(tag.kind == Tag::Kind::kFunction ? 0 : tag.text.size());
        }
        return true;
      }
    }
    const bool may_grow =
        !final && std::any_of(tags.begin(), tags.end(), [&](const Tag& tag) { return tag.text.starts_with(here); });
    if (may_grow) {
      show(text.substr(0, at), sink);
      pos_ += at;
      return false;
    }
  }
  show(text, sink);
  pos_ = buffer_.size();
  return false;
}

void StreamParser::open_call(size_t opening) {
  scanner_ = make_call_scanner(options_.format, &options_.tools);
  opening_ = opening;
  begun_ = false;
  handed_on_ = 0;
  ++attempts_;
  where_ = Where::kCall;
}

void StreamParser::hand_on(Sink sink) {
  if (!scanner_->has_name()) return;
  if (!begun_) {
    begun_ = true;
    sink(ToolCallBegin{next_index_, options_.call_id_prefix + std::to_string(next_index_), scanner_->name()});
  }
  const std::string& arguments = scanner_->arguments();
  if (arguments.size() > handed_on_) {
    sink(ToolCallArguments{next_index_, arguments.substr(handed_on_)});
    handed_on_ = arguments.size();
  }
}

bool StreamParser::in_a_call(bool final, Sink sink) {
  const CallScanner::State state = scanner_->scan(rest().substr(opening_), final);
  if (state == CallScanner::State::kFailed) {
    found_no_call(sink);
    return true;
  }
  hand_on(sink);
  if (state == CallScanner::State::kMore) return false;
  sink(ToolCallEnd{next_index_, ToolCall{.name = scanner_->name(),
                                         .arguments = scanner_->object(),
                                         .id = options_.call_id_prefix + std::to_string(next_index_),
                                         .arguments_text = scanner_->arguments()}});
  pos_ += opening_ + scanner_->end();
  ++next_index_;
  ++calls_done_;
  scanner_.reset();
  after_ = 0;
  where_ = Where::kAfterCall;
  return true;
}

void StreamParser::found_no_call(Sink sink) {
  if (problems_.size() < kMaxProblems) {
    problems_.push_back(fmt::format("tool call {}: {}", attempts_, scanner_->problem()));
  }
  if (begun_) sink(ToolCallDropped{next_index_});
  // Whether the beginning was told must not decide about the numbers of the calls that follow.
  if (scanner_->has_name()) ++next_index_;
  scanner_.reset();
  where_ = Where::kText;
  const size_t literal = std::max<size_t>(opening_, 1);
  show(rest().substr(0, literal), sink);
  pos_ += literal;
}

// The closing tag, if it comes; brackets too many before it are dropped with it.
bool StreamParser::after_call(bool final) {
  const std::string_view text = rest();
  const bool llama = options_.format == ReplyFormat::kLlama3Json;
  const std::string_view passed = llama ? " \t\r\n;" : " \t\r\n}]";
  after_ = std::min(text.find_first_not_of(passed, after_), text.size());
  const std::string_view here = text.substr(after_);
  where_ = Where::kText;
  if (here.empty()) {
    if (!final) where_ = Where::kAfterCall;
    if (final) pos_ = buffer_.size();
    return final;
  }
  if (llama) {
    if (here.front() == '{') pos_ += after_;
    return true;
  }
  if (here.starts_with(tags_.call_close)) {
    pos_ += after_ + tags_.call_close.size();
  } else if (!final && tags_.call_close.starts_with(here)) {
    where_ = Where::kAfterCall;
    return false;
  } else if (here.front() == '{' &&
             std::all_of(text.begin(), text.begin() + static_cast<ptrdiff_t>(after_), is_space)) {
    pos_ += after_;  // one tag around several calls
    open_call(0);
  }
  return true;
}

}  // namespace hermes::chat
