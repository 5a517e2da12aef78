#include "chat/stream_parser/json_call.h"

#include <algorithm>
#include <boost/json.hpp>
#include <boost/json/basic_parser_impl.hpp>

#include "base/json_events.h"
#include "chat/stream_parser/python_literal.h"

namespace hermes::chat {
namespace {

constexpr std::string_view kWhiteSpace = " \t\r\n";
constexpr size_t kMaxDepth = 64;  // as parse_json's

}  // namespace

// What the members of the outermost object say. `arguments` takes the text of the arguments while they are open.
struct JsonCallScanner::Handler : UnboundedJsonEvents {
  enum class Member { kOther, kName, kArguments };

  int depth = 0;  // of open objects and arrays
  Member member = Member::kOther;
  std::string text;  // of the key or string being read, at depth 1
  bool has_name = false, has_arguments = false, seen_name = false;
  bool in_arguments = false;  // the object is open
  bool quoted = false;        // the arguments came as a string
  bool closed = false;        // the outermost object
  std::string name, quoted_arguments, problem;

  bool refuse(std::string why, error_code& ec) {
    problem = std::move(why);
    ec = make_error_code(boost::system::errc::invalid_argument);
    return false;
  }
  // A value that is neither a string nor, for arguments, an object.
  bool other_value(error_code& ec, bool null = false) {
    if (depth != 1) return true;
    if (member == Member::kName) return refuse("\"name\" must be a string", ec);
    if (member == Member::kArguments && !null) return refuse("\"arguments\" must be an object", ec);
    return true;
  }

  bool on_document_begin(error_code&) { return true; }
  bool on_document_end(error_code&) { return true; }
  bool on_object_begin(error_code& ec) {
    if (depth == 1 && member == Member::kName) return refuse("\"name\" must be a string", ec);
    if (depth == 1 && member == Member::kArguments) in_arguments = true;
    ++depth;
    return true;
  }
  bool on_object_end(size_t, error_code&) {
    --depth;
    if (depth == 0) closed = true;
    return true;
  }
  bool on_array_begin(error_code& ec) {
    if (!other_value(ec)) return false;
    ++depth;
    return true;
  }
  bool on_array_end(size_t, error_code&) {
    --depth;
    return true;
  }
  bool on_key_part(json::string_view part, size_t, error_code&) {
    if (depth == 1) text.append(part.data(), part.size());
    return true;
  }
  bool on_key(json::string_view part, size_t, error_code& ec) {
    if (depth != 1) return true;
    text.append(part.data(), part.size());
    const std::string key = std::exchange(text, {});
    member = Member::kOther;
    if (key == "name") {
      if (seen_name) return refuse("\"name\" is named twice", ec);
      seen_name = true;
      member = Member::kName;
    } else if (key == "arguments" || key == "parameters") {
      if (has_arguments) return refuse("\"arguments\" is named twice", ec);
      has_arguments = true;
      member = Member::kArguments;
    }
    return true;
  }
  bool on_string_part(json::string_view part, size_t, error_code&) {
    if (depth == 1) text.append(part.data(), part.size());
    return true;
  }
  bool on_string(json::string_view part, size_t, error_code& ec) {
    if (depth != 1) return true;
    text.append(part.data(), part.size());
    std::string value = std::exchange(text, {});
    if (member == Member::kName) {
      if (value.empty()) return refuse("\"name\" is empty", ec);
      name = std::move(value);
      has_name = true;
    } else if (member == Member::kArguments) {
      quoted = true;
      quoted_arguments = std::move(value);
    }
    return true;
  }
  bool on_number_part(json::string_view, error_code&) { return true; }
  bool on_int64(int64_t, json::string_view, error_code& ec) { return other_value(ec); }
  bool on_uint64(uint64_t, json::string_view, error_code& ec) { return other_value(ec); }
  bool on_double(double, json::string_view, error_code& ec) { return other_value(ec); }
  bool on_bool(bool, error_code& ec) { return other_value(ec); }
  bool on_null(error_code& ec) { return other_value(ec, true); }
  bool on_comment_part(json::string_view, error_code&) { return true; }
  bool on_comment(json::string_view, error_code&) { return true; }
};

class JsonCallScanner::Grammar {
 public:
  Grammar() : parser_(options()) {}

  // False: this byte cannot come here (or, `handler().problem`, must not). `arguments` grows by the byte if it is theirs.
  bool take(char c, std::string& arguments) {
    const bool was_in = handler().in_arguments;
    boost::system::error_code ec;
    parser_.write_some(true, &c, 1, ec);
    if (ec && ec != json::error::incomplete) return false;
    if (was_in || handler().in_arguments) arguments += c;
    if (was_in && handler().depth == 1) handler().in_arguments = false;
    return true;
  }
  Handler& handler() { return parser_.handler(); }

 private:
  static json::parse_options options() {
    json::parse_options options;
    options.max_depth = kMaxDepth;
    return options;
  }
  json::basic_parser<Handler> parser_;
};

JsonCallScanner::JsonCallScanner(const ReplyTags& tags, bool needs_arguments)
    : tags_(tags), needs_arguments_(needs_arguments), grammar_(std::make_unique<Grammar>()) {}

JsonCallScanner::~JsonCallScanner() = default;

void JsonCallScanner::take_over() {
  const Handler& found = grammar_->handler();
  if (!found.has_name || (needs_arguments_ && !found.has_arguments)) return;
  has_name_ = true;
  name_ = found.name;
}

CallScanner::State JsonCallScanner::scan(std::string_view body, bool final) {
  if (python_) return scan_python(body, final);
  if (!grammar_->handler().depth && !grammar_->handler().closed) {
    pos_ = std::min(body.find_first_not_of(kWhiteSpace, pos_), body.size());
    if (pos_ == body.size()) return final ? fail("is empty") : State::kMore;
    if (body[pos_] != '{') return fail("must be an object");
    json_begin_ = pos_;
  }
  for (; pos_ < body.size(); ++pos_) {
    const char c = body[pos_];
    if (!grammar_->take(c, arguments_)) {
      take_over();  // as if the text had come one byte at a time
      if (!grammar_->handler().problem.empty()) return fail(grammar_->handler().problem);
      const bool escape = pos_ > 0 && body[pos_ - 1] == '\\';
      const bool pythonic = c == '\'' || c == 'T' || c == 'F' || c == 'N' || (escape && c == 'x');
      if (!pythonic || tags_.call_close.empty()) return fail(fmt::format("not JSON at byte {}", pos_));
      python_ = true;
      tag_search_ = json_begin_;
      return scan_python(body, final);
    }
    if (grammar_->handler().closed) return complete(pos_ + 1);
  }
  take_over();
  return final ? fail("ends early") : State::kMore;
}

CallScanner::State JsonCallScanner::complete(size_t end) {
  const Handler& found = grammar_->handler();
  if (!found.has_name) return fail("\"name\" is missing");
  if (needs_arguments_ && !found.has_arguments) return fail("\"arguments\" is missing");
  take_over();
  if (found.quoted) arguments_ = found.quoted_arguments;
  if (arguments_.find_first_not_of(kWhiteSpace) == std::string::npos) arguments_ = "{}";
  return finish(end);
}

CallScanner::State JsonCallScanner::scan_python(std::string_view body, bool final) {
  const size_t tag = std::min(body.find(tags_.call_close, tag_search_), body.find(tags_.call_open, tag_search_));
  if (tag == std::string_view::npos && !final) {
    const size_t longest = std::max(tags_.call_close.size(), tags_.call_open.size());
    tag_search_ = std::max(tag_search_, body.size() - std::min(body.size(), longest - 1));
    return State::kMore;
  }
  std::string_view text = body.substr(json_begin_, std::min(tag, body.size()) - json_begin_);
  text = text.substr(0, text.find_last_not_of(kWhiteSpace) + 1);
  const std::optional<std::string> converted = python_dictionary_to_json(text);
  if (!converted) return fail(fmt::format("not JSON at byte {}", pos_));
  JsonCallScanner inner({}, needs_arguments_);
  if (inner.scan(*converted, true) != State::kDone || inner.end() != converted->size()) {
    return fail(inner.problem().empty() ? "not JSON" : inner.problem());
  }
  // What has been handed on must stay true.
  if (!inner.arguments().starts_with(arguments_) || (has_name_ && inner.name() != name_)) {
    return fail(fmt::format("not JSON at byte {}", pos_));
  }
  has_name_ = true;
  name_ = inner.name();
  arguments_ = inner.arguments();
  return finish(json_begin_ + text.size());
}

}  // namespace hermes::chat
