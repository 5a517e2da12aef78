#pragma once

#include <cstddef>

namespace hermes::apps {

// Columns of the terminal on standard output; 80 where there is none.
size_t terminal_width();

}  // namespace hermes::apps
