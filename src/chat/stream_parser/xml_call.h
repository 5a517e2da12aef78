// <function=NAME> <parameter=KEY> VALUE </parameter> ... </function>, as Qwen3-Coder and Seed-OSS write it. A value is
// the text between its tags without one newline at either end. Values have no quotes: the tool's schema says whether
// "12" is a number. Without a schema, or where the text does not fit it, it is a string.
#pragma once

#include <vector>

#include "chat/stream_parser/call_scanner.h"

namespace hermes::chat {

class XmlCallScanner final : public CallScanner {
 public:
  // `tools`: OpenAI form; borrowed, may be null.
  explicit XmlCallScanner(const json::array* tools) : tools_(tools) {}

  State scan(std::string_view body, bool final) override;

 private:
  enum class Where { kFunction, kBetween, kValue };
  // Reads "PREFIX name >" at pos_; kMore or kFailed where it is not (yet) there.
  State read_tag(std::string_view body, std::string_view prefix, std::string& name);
  State step(std::string_view body);
  State add_parameter(std::string_view value);

  const json::array* tools_;
  Where where_ = Where::kFunction;
  size_t pos_ = 0;     // of the body
  size_t search_ = 0;  // where the search for the end of a value goes on
  std::string key_;
  std::vector<std::string> keys_;
};

}  // namespace hermes::chat
