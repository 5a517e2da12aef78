// str.format: "{} {name.attribute!r:>10}".format(...), with the sandbox's rules for attributes.
#pragma once

#include "chat/template/objects.h"
#include "chat/template/run.h"

namespace hermes::chat::jinja {

Value format_braces(Run& run, const Value& format, const Arguments& arguments);

}  // namespace hermes::chat::jinja
