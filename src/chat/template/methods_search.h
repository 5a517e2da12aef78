// str's methods that search: find, count, split, partition, replace.
#pragma once

#include <string_view>
#include <vector>

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

template <bool Backwards, bool MustBeThere>
Value find_method(Run& run, const Value& self, const Arguments& arguments);
template <bool Backwards>
Value partition(Run& run, const Value& self, const Arguments& arguments);
template <bool Backwards>
Value split_method(Run& run, const Value& self, const Arguments& arguments);
Value count_text(Run& run, const Value& self, const Arguments& arguments);
Value starts_with(Run& run, const Value& self, const Arguments& arguments);
Value ends_with(Run& run, const Value& self, const Arguments& arguments);
Value split_lines(Run& run, const Value& self, const Arguments& arguments);

// At most `count` times, where that is not negative.
Value replace_text(Run& run, const Value& self, std::string_view from, std::string_view to, int64_t count);
// As str.splitlines(): without the ends of the lines, or with them.
std::vector<std::string_view> lines_of(std::string_view text, bool keep_ends = false);

}  // namespace hermes::chat::jinja
