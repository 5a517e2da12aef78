// StopStrings: finds the first of several strings in text that arrives in pieces, and never lets out a piece that may
// yet turn out to belong to one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace hermes::generate {

class StopStrings {
 public:
  explicit StopStrings(std::vector<std::string> stops);

  // Takes the next piece and returns what may be shown. Once a stop string is complete, the text before it is returned,
  // stopped() is true, and nothing more comes out.
  std::string push(std::string_view piece);
  // What was held back at the end of the text.
  std::string flush();
  bool stopped() const { return stopped_; }

 private:
  std::vector<std::string> stops_;  // none empty
  std::string held_;                // a suffix of the text that begins some stop string
  bool stopped_ = false;
};

}  // namespace hermes::generate
