// {"name": NAME, "arguments": {...}}, members in any order; "parameters" stands for "arguments", absent and null for {},
// and a string that holds an object for that object (some models quote it twice). Other members are not looked at.
//
// Read byte by byte with Boost.JSON's own grammar, so that arguments can be handed on while they come and are JSON by
// the time the call is complete. What is no JSON but exactly one Python literal ('single quotes', True, None) up to the
// next tag is read as that.
#pragma once

#include <boost/json/basic_parser.hpp>
#include <memory>
#include <optional>

#include "chat/stream_parser/call_scanner.h"

namespace hermes::chat {

class JsonCallScanner final : public CallScanner {
 public:
  // Without a closing tag, Python literals are not tried: nothing would say where they end. `needs_arguments`: an
  // object without that member is no call, and nothing is known (has_name) before it has begun.
  JsonCallScanner(const ReplyTags& tags, bool needs_arguments);
  ~JsonCallScanner() override;

  State scan(std::string_view body, bool final) override;

 private:
  struct Handler;
  class Grammar;

  State scan_python(std::string_view body, bool final);
  State complete(size_t end);
  void take_over();  // what the handler has found so far

  ReplyTags tags_;
  bool needs_arguments_;
  size_t pos_ = 0;         // of the body: the next byte to read
  size_t json_begin_ = 0;  // where '{' is
  std::unique_ptr<Grammar> grammar_;
  bool python_ = false;
  size_t tag_search_ = 0;  // no tag before
};

}  // namespace hermes::chat
