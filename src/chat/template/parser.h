// Jinja's grammar. Errors say "line N: what".
#pragma once

#include <memory>
#include <string_view>

#include "base/result.h"
#include "chat/template/ast.h"

namespace hermes::chat::jinja {

// Parsed, names not resolved yet.
Result<std::unique_ptr<Template>> parse_template(std::string_view source);

}  // namespace hermes::chat::jinja
