#define PCRE2_CODE_UNIT_WIDTH 8
#include "tokenizer/regex.h"

#include <pcre2.h>

#include "base/utf8.h"
#include "tokenizer/regex_syntax.h"

namespace hermes::tokenizer {
namespace {

constexpr size_t kMaxPatternBytes = 64 << 10;
constexpr size_t kShownPatternBytes = 200;
// Steps of one match. Real patterns take a handful; the limit ends an exponential one after some milliseconds.
constexpr uint32_t kMatchLimit = 1'000'000;
constexpr uint32_t kDepthLimit = 10'000;      // of the interpreter, where there is no compiler for this machine
constexpr uint32_t kHeapLimitKib = 64 << 10;  // likewise
constexpr size_t kJitStackStart = 32 << 10;
constexpr size_t kJitStackMax = 4 << 20;

template <auto kFree>
struct Free {
  template <class T>
  void operator()(T* object) const {
    kFree(object);
  }
};
using CompileContext = std::unique_ptr<pcre2_compile_context, Free<pcre2_compile_context_free>>;
using MatchContext = std::unique_ptr<pcre2_match_context, Free<pcre2_match_context_free>>;
using MatchBlock = std::unique_ptr<pcre2_match_data, Free<pcre2_match_data_free>>;
using JitStack = std::unique_ptr<pcre2_jit_stack, Free<pcre2_jit_stack_free>>;

std::string error_text(int code) {
  PCRE2_UCHAR buffer[256];
  const int n = pcre2_get_error_message(code, buffer, sizeof buffer);
  return n < 0 ? "unknown error" : std::string(reinterpret_cast<const char*>(buffer), static_cast<size_t>(n));
}

std::string shown(std::string_view pattern) {
  if (pattern.size() <= kShownPatternBytes) return fmt::format("\"{}\"", pattern);
  return fmt::format("\"{}...\"", to_valid_utf8(pattern.substr(0, kShownPatternBytes)));
}

PCRE2_SPTR units(std::string_view text) { return reinterpret_cast<PCRE2_SPTR>(text.data()); }

}  // namespace

void Regex::FreeCode::operator()(pcre2_real_code_8* code) const { pcre2_code_free(code); }

Result<Regex> Regex::compile(std::string_view pattern, std::string_view what) {
  std::string name = fmt::format("{}: pattern {}", what, shown(pattern));
  if (pattern.size() > kMaxPatternBytes) {
    return Error::unsupported("{}: {} bytes; at most {}", name, pattern.size(), kMaxPatternBytes);
  }
  const Result<std::string> translated = oniguruma_to_pcre2(pattern);
  if (!translated.ok()) return translated.error().with_context(name);
  const CompileContext context(pcre2_compile_context_create(nullptr));
  pcre2_set_newline(context.get(), PCRE2_NEWLINE_LF);
  // ^ and $ are those of lines, as in Oniguruma's Ruby syntax. \C would split characters.
  constexpr uint32_t kOptions = PCRE2_UTF | PCRE2_UCP | PCRE2_MULTILINE | PCRE2_NEVER_BACKSLASH_C;
  int code_error = 0;
  size_t offset = 0;
  std::unique_ptr<pcre2_real_code_8, FreeCode> code(
      pcre2_compile(units(*translated), translated->size(), kOptions, &code_error, &offset, context.get()));
  if (code == nullptr) return Error::corrupt("{} does not compile: {}", name, error_text(code_error));
  // Where the machine has no compiler this fails and the interpreter runs instead: slower, the same matches.
  (void)pcre2_jit_compile(code.get(), PCRE2_JIT_COMPLETE);
  return Regex(std::move(code), std::move(name));
}

Status Regex::for_each_match(std::string_view text, FunctionRef<void(size_t, size_t)> match) const {
  if (text.empty()) return {};
  const MatchContext context(pcre2_match_context_create(nullptr));
  const MatchBlock block(pcre2_match_data_create(1, nullptr));
  if (context == nullptr || block == nullptr) return Error::exhausted("{}: out of memory", name_);
  pcre2_set_match_limit(context.get(), kMatchLimit);
  pcre2_set_depth_limit(context.get(), kDepthLimit);
  pcre2_set_heap_limit(context.get(), kHeapLimitKib);
  // The program's own stack serves nearly every match; a larger one is made for the first that needs it.
  JitStack stack;
  // The text is known to be UTF-8; checking it again for every match would be quadratic.
  const auto run = [&](size_t pos) {
    return pcre2_match(code_.get(), units(text), text.size(), pos, PCRE2_NO_UTF_CHECK, block.get(), context.get());
  };
  const size_t* bounds = pcre2_get_ovector_pointer(block.get());
  size_t last_end = std::string_view::npos;
  for (size_t pos = 0; pos <= text.size();) {
    int n = run(pos);
    if (n == PCRE2_ERROR_JIT_STACKLIMIT && stack == nullptr) {
      stack.reset(pcre2_jit_stack_create(kJitStackStart, kJitStackMax, nullptr));
      pcre2_jit_stack_assign(context.get(), nullptr, stack.get());
      n = run(pos);
    }
    if (n == PCRE2_ERROR_NOMATCH) break;
    if (n < 0) return Error::exhausted("{}: match stopped: {}", name_, error_text(n));
    const size_t begin = bounds[0], end = bounds[1];
    // \K could put the match before where the search began; nothing sensible can be cut out then.
    if (begin > end || begin < (last_end == std::string_view::npos ? 0 : last_end)) {
      return Error::unsupported("{}: matches overlap", name_);
    }
    if (begin == end && begin == last_end) {
      const CodePoint c = decode_utf8(text, pos);
      pos += c.length == 0 ? 1 : c.length;
      continue;
    }
    match(begin, end);
    last_end = end;
    pos = end;
  }
  return {};
}

}  // namespace hermes::tokenizer
