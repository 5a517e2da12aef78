#include "generate/reasoning_budget.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

namespace hermes::generate {
namespace {

constexpr size_t kTail = 8;             // bytes: a stop mark and what may follow it
constexpr float kMargin = 2;            // at full pull the tag is this much above the best token
constexpr double kParagraphFactor = 2;  // a paragraph's end pulls this much more than a sentence's

enum class Boundary { kNone, kSentence, kParagraph };

// Whether reasoning may end where its text ends: after a line, or after a stop mark that is not part of a number or an
// abbreviation's beginning (a letter or a closing bracket stands before it).
Boundary boundary(std::string_view text) {
  const size_t last = text.find_last_not_of(" \t\r\n");
  if (last == std::string_view::npos) return Boundary::kNone;
  const std::string_view space = text.substr(last + 1);
  if (std::count(space.begin(), space.end(), '\n') >= 2) return Boundary::kParagraph;
  if (space.find('\n') != std::string_view::npos) return Boundary::kSentence;
  const std::string_view written = text.substr(0, last + 1);
  for (const std::string_view mark : {"。", "！", "？", "…"}) {
    if (written.ends_with(mark)) return Boundary::kSentence;
  }
  const char mark = written.back();
  if (mark != '.' && mark != '!' && mark != '?') return Boundary::kNone;
  const char before = written.size() > 1 ? written[written.size() - 2] : ' ';
  const bool in_number = before >= '0' && before <= '9' && space.empty();
  return before == ' ' || in_number ? Boundary::kNone : Boundary::kSentence;
}

}  // namespace

Status ReasoningLimits::validate() const {
  if (hard < -1) return Error::invalid("the reasoning budget is {}, must be 0 or more", hard);
  if (soft < -1) return Error::invalid("the soft reasoning budget is {}, must be 0 or more", soft);
  if (hard >= 0 && soft > hard) {
    return Error::invalid("the soft reasoning budget ({}) is above the hard one ({})", soft, hard);
  }
  return {};
}

Result<ReasoningBudget> ReasoningBudget::make(ReasoningLimits limits, const chat::StreamParser& parser,
                                              chat::ReplyFormat format, const tokenizer::Tokenizer& tokenizer,
                                              std::vector<int32_t> end_tokens, int64_t max_tokens) {
  HERMES_TRY(limits.validate());
  const chat::ReplyTags& tags = chat::tags_of(format);
  ReasoningBudget budget(std::move(limits), parser);
  const auto encode = [&](std::string_view text) { return tokenizer.encode(text, {.add_special = false}); };
  HERMES_ASSIGN(const std::vector<int32_t> open, encode(tags.think_open));
  HERMES_ASSIGN(const std::vector<int32_t> close, encode(tags.think_close));
  HERMES_ASSIGN(budget.closing_, encode(budget.limits_.closing_text));
  if (open.empty() || close.empty()) return Error::invalid("the vocabulary cannot write {}", tags.think_close);
  // A tag that is one token can be forbidden and helped; of one that is spelled, only its beginning, which other words
  // share: that is left alone.
  if (open.size() == 1) budget.open_tag_ = open.front();
  if (close.size() == 1) budget.close_tag_ = close.front();
  budget.forbid_opening_ = budget.limits_.hard == 0;
  if (budget.limits_.hard == 0) budget.closing_.clear();
  budget.closing_.insert(budget.closing_.end(), close.begin(), close.end());
  budget.end_tokens_ = std::move(end_tokens);
  if (budget.limits_.hard > 0 && max_tokens >= 0) {
    const int64_t room =
        max_tokens - static_cast<int64_t>(budget.closing_.size()) - std::max<int64_t>(1, max_tokens / 4);
    budget.limits_.hard = std::clamp<int64_t>(room, 0, budget.limits_.hard);
  }
  return budget;
}

void ReasoningBudget::observe(std::string_view text) {
  if (text.find_first_not_of(" \t\r\n") != std::string_view::npos) started_ = true;
  const bool was_thinking = std::exchange(was_thinking_, parser_->thinking());
  if (n_forced_ > 0 && n_forced_ == closing_.size()) n_forced_ = 0;  // all of it is written
  if (!was_thinking || !parser_->thinking() || n_forced_ > 0) return;
  ++n_reasoning_;
  tail_ += text;
  if (tail_.size() > kTail) tail_.erase(0, tail_.size() - kTail);
}

bool ReasoningBudget::must_close() const {
  if (!parser_->thinking() || parser_->in_call()) return false;
  if (limits_.hard >= 0 && n_reasoning_ >= limits_.hard) return true;
  return limits_.stop_thinking != nullptr && limits_.stop_thinking->load(std::memory_order_relaxed);
}

std::optional<int32_t> ReasoningBudget::forced() {
  if (n_forced_ == 0 && !must_close()) return std::nullopt;
  return closing_[n_forced_++];
}

double ReasoningBudget::pull() const {
  if (limits_.soft < 0 || close_tag_ < 0 || !parser_->thinking() || parser_->in_call()) return 0;
  if (n_reasoning_ < limits_.soft) return 0;
  const Boundary here = boundary(tail_);
  if (here == Boundary::kNone) return 0;
  const int64_t limit = std::max(limits_.soft + 1, limits_.hard >= 0 ? limits_.hard : 2 * limits_.soft);
  const double progress =
      static_cast<double>(n_reasoning_ - limits_.soft + 1) / static_cast<double>(limit - limits_.soft);
  return std::min(1.0, progress * (here == Boundary::kParagraph ? kParagraphFactor : 1));
}

void ReasoningBudget::apply(std::span<float> logits) {
  constexpr float kForbidden = -std::numeric_limits<float>::infinity();
  const auto at = [&](int32_t token) -> float* {
    return token >= 0 && static_cast<size_t>(token) < logits.size() ? &logits[static_cast<size_t>(token)] : nullptr;
  };
  if (forbid_opening_ && !started_) {
    if (float* opening = at(open_tag_)) *opening = kForbidden;
  }
  if (parser_->has_reasoning() && !parser_->has_answer()) {
    for (const int32_t token : end_tokens_) {
      if (float* end = at(token)) *end = kForbidden;
    }
  }
  if (const double share = pull(); share > 0) {
    float* close = at(close_tag_);
    const float best = *std::max_element(logits.begin(), logits.end());
    if (close != nullptr && std::isfinite(best) && std::isfinite(*close)) {
      *close += static_cast<float>(share) * (best + kMargin - *close);
    }
  }
}

}  // namespace hermes::generate
