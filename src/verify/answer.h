// How a final answer is found in what was said.
//
// Candidates are what a scan finds in the text: numbers, times, names. The answer is looked for
//   1. in \boxed{...}, where there is one; several must agree, and no other candidate may follow;
//   2. else after the last "answer is", "answer:", "result is" or the like (up to "is" of the same sentence);
//   3. else after the last "=" of the text; what stands before it in its sentence must be one chain (a = b = c);
//   4. else in the last sentence; where that has several, after its last "is", "are" or "equals". A sentence that holds
//      nothing but a candidate counts only if all of the text has no other.
// All candidates from there to the end of the text must be the same one, said at most eight times; and from the
// beginning of that sentence on the text must not hedge ("5 or 6", "not 5", "about 5", "5?"). Everything else could not
// be told.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "verify/verifier.h"

namespace hermes::verify {

// Text of one answer that two ways of writing share: "1951" for 1,951.0. Begins with '?' where it cannot be any truth.
struct Candidate {
  size_t begin, end;  // bytes in the scanned text
  std::string key;
};
using Scan = std::function<std::vector<Candidate>(std::string_view)>;

struct Reading {
  bool found = false;
  std::string key;
  std::vector<std::string> after;  // the text behind each candidate that was taken, some of it
  std::string why_not;             // where nothing was found
};
Reading read_final(std::string_view content, const Scan& scan);

// Passes where the reading's key is one of `accepted`.
Verdict judge_reading(const Reading& reading, const std::vector<std::string>& accepted);

// The key of a candidate that cannot be any truth.
std::string unreadable_key(std::string_view text);

std::vector<Candidate> scan_numbers(std::string_view text);  // keys as Rational::text()
// Whole words, in any case; the longest where several begin at one place. Keys are the words as given.
std::vector<Candidate> scan_words(std::string_view text, const std::vector<std::string>& words);
// "yes", "no", "true", "false" as keys "yes" and "no".
Verdict judge_yes_no(std::string_view content, bool truth);

// The texts that may be meant as the whole answer, undressed: what is boxed; else what follows "answer is"; else the
// content, and where that is one sentence, what follows its last "is" or ":". None where it hedges.
std::vector<std::string> phrases(std::string_view content);
// Where the answer stands: what is boxed, if all boxes agree (else nothing), what follows "answer is", or everything.
std::string answer_region(std::string_view content);
// `text` without white space, final punctuation, emphasis, quotes and LaTeX around it.
std::string bare(std::string_view text);
// The same, only around the whole: no final punctuation.
std::string unwrapped(std::string_view text);

// Inner texts of \boxed{...}, the outermost, and what follows the last of them.
struct Boxes {
  std::vector<std::string> texts;
  std::string_view rest;
};
Boxes boxed(std::string_view content);
// A sentence with "or", "not", "maybe", "about", a question mark, or the like.
bool hedges(std::string_view text);

std::string_view trim(std::string_view text);
std::string lower_case(std::string_view text);  // ASCII
std::string shown(std::string_view text);       // for messages: quoted, valid UTF-8, shortened

}  // namespace hermes::verify
