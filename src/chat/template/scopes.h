// Gives every name of a template its place: which function's variables, and which slot there. Jinja's scopes decide at
// compile time where a name lives: for, with, macro, call, filter, block set and generation open a scope; if does not.
// A name that is assigned nowhere around its use is looked up among the variables of the rendering.
#pragma once

#include "base/result.h"
#include "chat/template/ast.h"

namespace hermes::chat::jinja {

// Also refuses what can be known by then: unknown filters and tests, break outside a loop, assignments to `loop`.
Status resolve_names(Template& parsed);

}  // namespace hermes::chat::jinja
