// The functions that every template can call: range, dict, namespace, cycler, joiner, raise_exception, strftime_now.
#pragma once

#include <boost/json/fwd.hpp>
#include <string_view>

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

Value find_global(std::string_view name);  // missing where there is none

// A namespace's attribute; false where that failed.
bool set_attribute(Run& run, Namespace& space, const Value& name, const Value& value);

// A variable as the caller gave it. Texts are not copied: the JSON must outlive the rendering.
Value from_json(Run& run, const boost::json::value& value);

}  // namespace hermes::chat::jinja
