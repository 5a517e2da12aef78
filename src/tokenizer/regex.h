// Regular expressions of tokenizer files, run by PCRE2 (UTF and UCP mode, compiled to machine code where possible).
//
// Files are written for Oniguruma's Ruby syntax (Hugging Face's engine); regex_syntax.h rewrites what differs and
// refuses what it cannot. Errors: a pattern that does not compile, and a match that exceeds its step limit (a pattern
// that backtracks without end on this text); both name the pattern.
// Goals: no hang on an exponential pattern, safe to share between threads. Non-goal: submatches.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "base/thread_pool.h"

struct pcre2_real_code_8;

namespace hermes::tokenizer {

class Regex {
 public:
  // `what` opens error messages: the file and the field.
  static Result<Regex> compile(std::string_view pattern, std::string_view what);

  // Calls `match(begin, end)` for every match of `text` (which must be UTF-8) from left to right. An empty match is
  // reported unless it lies at the end of the match before it.
  Status for_each_match(std::string_view text, FunctionRef<void(size_t begin, size_t end)> match) const;

 private:
  struct FreeCode {
    void operator()(pcre2_real_code_8* code) const;
  };
  Regex(std::unique_ptr<pcre2_real_code_8, FreeCode> code, std::string name)
      : code_(std::move(code)), name_(std::move(name)) {}

  std::unique_ptr<pcre2_real_code_8, FreeCode> code_;
  std::string name_;  // for messages: where it came from and its text
};

}  // namespace hermes::tokenizer
