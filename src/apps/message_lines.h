// Which typed lines make one message. A line that ends in a backslash goes on in the next one; what stands between two
// lines of three quotation marks is one message, as it is:
//
//   | one message \     |    | """                              |
//   | of two lines      |    | backslashes mean nothing here \  |
//   |                   |    | """                              |
#pragma once

#include <string>
#include <string_view>

namespace hermes::apps {

class MessageLines {
 public:
  // A line as typed, or several of them that belong together (a paste). True: more lines must follow.
  bool add(std::string_view lines);
  bool empty() const { return !begun_; }
  // The message so far; the object begins anew.
  std::string take();

 private:
  void append(std::string_view line);

  std::string text_;
  bool begun_ = false;
  bool quoted_ = false;    // between """ and """
  bool has_line_ = false;  // text_ ends in a line, perhaps an empty one
};

}  // namespace hermes::apps
