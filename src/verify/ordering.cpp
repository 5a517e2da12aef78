// Verifier of puzzles about who is above whom.
#include <algorithm>
#include <boost/json.hpp>

#include "verify/answer.h"
#include "verify/items.h"
#include "verify/specification.h"

namespace hermes::verify {
namespace {

constexpr size_t kMaxNames = 100;

// All that follows from the facts.
struct Order {
  std::vector<std::string> names;
  std::vector<std::vector<bool>> above;  // above[a][b]: a is above b

  Result<size_t> index(const Specification& spec, const std::string& name) const {
    const auto found = std::find(names.begin(), names.end(), name);
    if (found == names.end()) return spec.error("no fact names " + shown(name));
    return static_cast<size_t>(found - names.begin());
  }

  // The one that has exactly `n` above it and all others below; names.size() where the facts do not say.
  size_t at_rank(size_t n) const {
    for (size_t i = 0; i < names.size(); ++i) {
      size_t over = 0, under = 0;
      for (size_t k = 0; k < names.size(); ++k) {
        over += above[k][i] ? 1 : 0;
        under += above[i][k] ? 1 : 0;
      }
      if (over == n && over + under + 1 == names.size()) return i;
    }
    return names.size();
  }
};

Result<Order> read_facts(const Specification& spec) {
  HERMES_ASSIGN(const json::array* facts, spec.array("facts"));
  std::vector<std::pair<size_t, size_t>> pairs;
  Order out;
  const auto number = [&out](std::string_view name) {
    const auto found = std::find(out.names.begin(), out.names.end(), name);
    if (found != out.names.end()) return static_cast<size_t>(found - out.names.begin());
    out.names.emplace_back(name);
    return out.names.size() - 1;
  };
  for (const json::value& value : *facts) {
    const json::array* fact = value.if_array();
    if (fact == nullptr || fact->size() != 3 ||
        !std::all_of(fact->begin(), fact->end(), [](const json::value& v) { return v.is_string(); })) {
      return spec.error("a fact must be [name, \">\" or \"<\", name]");
    }
    const std::string_view relation = (*fact)[1].get_string();
    if (relation != ">" && relation != "<") return spec.error("no relation is called " + shown(relation));
    for (const size_t i : {size_t{0}, size_t{2}}) {
      const std::string_view name = (*fact)[i].get_string();
      if (name.empty() || bare(name) != name || name.find_first_of(",;\n") != std::string_view::npos) {
        return spec.error(fmt::format("{} is not a name that an answer can tell", shown(name)));
      }
    }
    size_t a = number((*fact)[0].get_string()), b = number((*fact)[2].get_string());
    if (relation == "<") std::swap(a, b);
    pairs.emplace_back(a, b);
  }
  const size_t n = out.names.size();
  if (n < 2 || n > kMaxNames) return spec.error(fmt::format("{} names, must be from 2 to {}", n, kMaxNames));
  for (size_t i = 0; i < n; ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (lower_case(out.names[i]) == lower_case(out.names[k])) return spec.error("names differ in case only");
    }
  }
  out.above.assign(n, std::vector<bool>(n, false));
  for (const auto& [a, b] : pairs) out.above[a][b] = true;
  for (size_t via = 0; via < n; ++via) {
    for (size_t a = 0; a < n; ++a) {
      if (!out.above[a][via]) continue;
      for (size_t b = 0; b < n; ++b) {
        if (out.above[via][b]) out.above[a][b] = true;
      }
    }
  }
  for (size_t i = 0; i < n; ++i) {
    if (out.above[i][i]) return spec.error(fmt::format("by these facts {} is above itself", shown(out.names[i])));
  }
  return out;
}

}  // namespace

Made make_ordering(const Specification& spec) {
  HERMES_TRY(spec.only({"facts", "question"}));
  HERMES_ASSIGN(const Order order, read_facts(spec));
  HERMES_ASSIGN(const json::object* asked, spec.object("question"));
  const Specification question(*asked, spec.what() + ": question", spec.depth());
  HERMES_ASSIGN(const std::string kind, question.one_of("kind", {"top", "bottom", "nth", "full", "compare"}));
  const size_t count = order.names.size();
  const Error open = question.error("the facts do not decide it");
  if (kind == "compare") {
    HERMES_TRY(question.only({"kind", "a", "b"}));
    HERMES_ASSIGN(const std::string a_name, question.string("a"));
    HERMES_ASSIGN(const std::string b_name, question.string("b"));
    HERMES_ASSIGN(const size_t a, order.index(question, a_name));
    HERMES_ASSIGN(const size_t b, order.index(question, b_name));
    if (!order.above[a][b] && !order.above[b][a]) return open;
    return judged_by([truth = static_cast<bool>(order.above[a][b])](const chat::Reply& reply) {
      return judge_yes_no(reply.content, truth);
    });
  }
  if (kind == "full") {
    HERMES_TRY(question.only({"kind"}));
    std::vector<Item> items;
    for (size_t rank = 0; rank < count; ++rank) {
      const size_t i = order.at_rank(rank);
      if (i == count) return open;
      items.push_back({order.names[i], std::nullopt});
    }
    return judged_by([items](const chat::Reply& reply) { return judge_items(reply.content, items); });
  }
  int64_t rank = kind == "top" ? 1 : static_cast<int64_t>(count);
  if (kind == "nth") {
    HERMES_TRY(question.only({"kind", "n"}));
    HERMES_ASSIGN(rank, question.integer("n"));
    if (rank < 1 || rank > static_cast<int64_t>(count)) {
      return question.error(fmt::format("\"n\" is {}, must be from 1 to {}", rank, count));
    }
  } else {
    HERMES_TRY(question.only({"kind"}));
  }
  const size_t truth = order.at_rank(static_cast<size_t>(rank - 1));
  if (truth == count) return open;
  return judged_by([names = order.names, truth = order.names[truth]](const chat::Reply& reply) {
    if (lists_words(reply.content)) return Verdict::could_not_tell("several names");
    const Reading reading =
        read_final(reply.content, [&names](std::string_view text) { return scan_words(text, names); });
    return judge_reading(reading, {truth});
  });
}

}  // namespace hermes::verify
