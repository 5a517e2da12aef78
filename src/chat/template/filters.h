// Jinja's filters: value | name(arguments).
#pragma once

#include <span>
#include <string_view>

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

struct FilterEntry {
  std::string_view name;
  Value (*call)(Run&, const Value& input, const Arguments&);
};

const FilterEntry* find_filter(std::string_view name);  // nullptr where there is none

// The tables find_filter looks in, one a source file.
std::span<const FilterEntry> text_filters();
std::span<const FilterEntry> layout_filters();
std::span<const FilterEntry> number_filters();
std::span<const FilterEntry> sequence_filters();
std::span<const FilterEntry> lazy_filters();

}  // namespace hermes::chat::jinja
