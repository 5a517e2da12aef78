// The % operator of str: "%s, %5.2f" % (a, b).
#pragma once

#include "chat/template/run.h"
#include "chat/template/value.h"

namespace hermes::chat::jinja {

Value format_printf(Run& run, const Value& format, const Value& arguments);

}  // namespace hermes::chat::jinja
