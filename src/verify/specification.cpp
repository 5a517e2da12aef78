#include "verify/specification.h"

#include <algorithm>
#include <boost/json.hpp>

namespace hermes::verify {
namespace {

constexpr int64_t kMostInteger = 1'000'000'000;

class Function : public Verifier {
 public:
  explicit Function(std::function<Verdict(const chat::Reply&)> judge) : judge_(std::move(judge)) {}
  Verdict judge(const chat::Reply& reply) const override { return judge_(reply); }

 private:
  std::function<Verdict(const chat::Reply&)> judge_;
};

}  // namespace

std::unique_ptr<const Verifier> judged_by(std::function<Verdict(const chat::Reply&)> judge) {
  return std::make_unique<Function>(std::move(judge));
}

Status Specification::only(std::initializer_list<std::string_view> known) const {
  for (const auto& member : fields_.raw()) {
    const std::string_view name = member.key();
    if (name != "verifier" && std::find(known.begin(), known.end(), name) == known.end()) {
      return error(fmt::format("unknown field \"{}\"", name));
    }
  }
  return {};
}

Result<std::string> Specification::string_or(std::string_view name, std::string_view absent) const {
  return has(name) ? string(name) : Result<std::string>(std::string(absent));
}

Result<bool> Specification::boolean_or(std::string_view name, bool absent) const {
  if (!has(name)) return absent;
  const bool* value = find(name)->if_bool();
  if (value == nullptr) return error(fmt::format("\"{}\" must be true or false", name));
  return *value;
}

Result<int64_t> Specification::integer(std::string_view name) const {
  HERMES_ASSIGN(const Rational value, number(name));
  const Int128 whole = value.numerator();
  if (!value.is_integer() || whole > kMostInteger || whole < -kMostInteger) {
    return error(fmt::format("\"{}\" must be an integer, at most {} in magnitude", name, kMostInteger));
  }
  return static_cast<int64_t>(whole);
}

Result<int64_t> Specification::integer_or(std::string_view name, int64_t absent) const {
  return has(name) ? integer(name) : Result<int64_t>(absent);
}

Result<Rational> Specification::number(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return error(fmt::format("\"{}\" is missing", name));
  if (!value->is_number()) return error(fmt::format("\"{}\" must be a number", name));
  const std::optional<Rational> out = to_rational(*value);
  if (!out) return error(fmt::format("\"{}\" is beyond the numbers of this evaluator", name));
  return *out;
}

Result<const json::object*> Specification::object(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return error(fmt::format("\"{}\" is missing", name));
  if (!value->is_object()) return error(fmt::format("\"{}\" must be an object", name));
  return &value->get_object();
}

Result<const json::array*> Specification::array(std::string_view name) const {
  const json::value* value = find(name);
  if (value == nullptr) return error(fmt::format("\"{}\" is missing", name));
  if (!value->is_array()) return error(fmt::format("\"{}\" must be an array", name));
  if (value->get_array().size() > kMaxItems) {
    return error(fmt::format("\"{}\" has {} elements, at most {}", name, value->get_array().size(), kMaxItems));
  }
  return &value->get_array();
}

Result<std::vector<std::string>> Specification::strings(std::string_view name) const {
  HERMES_ASSIGN(const json::array* values, array(name));
  std::vector<std::string> out;
  for (const json::value& value : *values) {
    if (!value.is_string() || value.get_string().empty()) {
      return error(fmt::format("\"{}\" must hold strings, none of them empty", name));
    }
    out.emplace_back(value.get_string());
  }
  return out;
}

Result<std::string> Specification::one_of(std::string_view name, std::initializer_list<std::string_view> known) const {
  HERMES_ASSIGN(std::string value, string(name));
  if (std::find(known.begin(), known.end(), value) == known.end()) {
    return error(fmt::format("\"{}\" is \"{}\", must be one of {}", name, value, fmt::join(known, ", ")));
  }
  return value;
}

}  // namespace hermes::verify
