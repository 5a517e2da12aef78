// Result<T>: a value or an Error, impossible to ignore. For everything that came from a file, a socket, a prompt
// or a model. Our own mistakes use HERMES_CHECK (check.h) instead.
//
//   Result<Config> read(std::string_view path) {
//     HERMES_ASSIGN(const std::string text, read_text_file(path, kMaxBytes));  // returns the error, if any
//     if (text.empty()) return Error::corrupt("{}: file is empty", path);
//     return Config{...};
//   }
#pragma once

#include <fmt/format.h>

#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "base/check.h"

namespace hermes {

enum class ErrorCode {
  kInvalidArgument,  // the caller's request is wrong: a flag, a field, a token id
  kNotFound,         // a file or a named thing is missing
  kCorrupt,          // the content breaks its format
  kUnsupported,      // well-formed, but we do not do it (refused by name)
  kResourceExhausted,
  kIo,
  kCancelled,
};

std::string_view to_string(ErrorCode code);

// What went wrong, for a person: names the file, the field and the remedy.
class [[nodiscard]] Error {
 public:
  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }

  // The same error with "context: " in front, for example the file being read.
  Error with_context(std::string_view context) const { return Error(code_, std::string(context) + ": " + message_); }

  template <class... A>
  static Error invalid(fmt::format_string<A...> f, A&&... a) {
    return Error(ErrorCode::kInvalidArgument, fmt::format(f, std::forward<A>(a)...));
  }
  template <class... A>
  static Error not_found(fmt::format_string<A...> f, A&&... a) {
    return Error(ErrorCode::kNotFound, fmt::format(f, std::forward<A>(a)...));
  }
  template <class... A>
  static Error corrupt(fmt::format_string<A...> f, A&&... a) {
    return Error(ErrorCode::kCorrupt, fmt::format(f, std::forward<A>(a)...));
  }
  template <class... A>
  static Error unsupported(fmt::format_string<A...> f, A&&... a) {
    return Error(ErrorCode::kUnsupported, fmt::format(f, std::forward<A>(a)...));
  }
  template <class... A>
  static Error exhausted(fmt::format_string<A...> f, A&&... a) {
    return Error(ErrorCode::kResourceExhausted, fmt::format(f, std::forward<A>(a)...));
  }
  template <class... A>
  static Error io(fmt::format_string<A...> f, A&&... a) {
    return Error(ErrorCode::kIo, fmt::format(f, std::forward<A>(a)...));
  }

 private:
  ErrorCode code_;
  std::string message_;
};

template <class T>
class [[nodiscard]] Result {
 public:
  Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}      // NOLINT: implicit by design
  Result(Error error) : state_(std::in_place_index<1>, std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }

  // Asking a failed result for its value is our own mistake.
  T& value() & {
    HERMES_CHECK(ok(), "value() of a failed Result: {}", error_text());
    return std::get<0>(state_);
  }
  const T& value() const& {
    HERMES_CHECK(ok(), "value() of a failed Result: {}", error_text());
    return std::get<0>(state_);
  }
  T&& value() && {
    HERMES_CHECK(ok(), "value() of a failed Result: {}", error_text());
    return std::get<0>(std::move(state_));
  }
  T& operator*() & { return value(); }
  const T& operator*() const& { return value(); }
  T&& operator*() && { return std::move(*this).value(); }
  T* operator->() { return &value(); }
  const T* operator->() const { return &value(); }

  const Error& error() const {
    HERMES_CHECK(!ok(), "error() of a Result that holds a value");
    return std::get<1>(state_);
  }

 private:
  std::string_view error_text() const { return ok() ? std::string_view() : std::get<1>(state_).message(); }
  std::variant<T, Error> state_;
};

// Success or an Error.
template <>
class [[nodiscard]] Result<void> {
 public:
  Result() = default;
  Result(Error error) : state_(std::move(error)) {}  // NOLINT: implicit by design

  bool ok() const { return state_.index() == 0; }
  explicit operator bool() const { return ok(); }
  const Error& error() const {
    HERMES_CHECK(!ok(), "error() of a Result that succeeded");
    return std::get<1>(state_);
  }

 private:
  std::variant<std::monostate, Error> state_;
};

using Status = Result<void>;

#define HERMES_CONCAT_(a, b) a##b
#define HERMES_CONCAT(a, b) HERMES_CONCAT_(a, b)

// Returns the error of `expr` from the enclosing function, if it has one.
#define HERMES_TRY(...)                                \
  do {                                                 \
    auto hermes_try_ = (__VA_ARGS__);                  \
    if (!hermes_try_.ok()) return hermes_try_.error(); \
  } while (false)

// `declaration` takes the value of `expr`; its error is returned from the enclosing function.
#define HERMES_ASSIGN(declaration, ...) \
  HERMES_ASSIGN_(HERMES_CONCAT(hermes_result_, __LINE__), declaration, __VA_ARGS__)
#define HERMES_ASSIGN_(result, declaration, ...) \
  auto result = (__VA_ARGS__);                   \
  if (!result.ok()) return result.error();       \
  declaration = std::move(result).value()

}  // namespace hermes
