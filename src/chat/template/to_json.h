// The tojson filter, as transformers defines it: Python's json.dumps.
#pragma once

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

// tojson(ensure_ascii=false, indent=none, separators=none, sort_keys=false)
Value to_json_filter(Run& run, const Value& input, const Arguments& arguments);

}  // namespace hermes::chat::jinja
