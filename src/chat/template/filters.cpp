#include "chat/template/filters.h"

#include <map>

namespace hermes::chat::jinja {

const FilterEntry* find_filter(std::string_view name) {
  static const auto kFilters = [] {
    std::map<std::string_view, const FilterEntry*> all;
    for (const auto table : {text_filters(), layout_filters(), number_filters(), sequence_filters(), lazy_filters()}) {
      for (const FilterEntry& entry : table) all.emplace(entry.name, &entry);
    }
    return all;
  }();
  const auto at = kFilters.find(name);
  return at == kFilters.end() ? nullptr : at->second;
}

}  // namespace hermes::chat::jinja
