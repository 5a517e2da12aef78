// What runs beside work that somebody waits for.
#pragma once

namespace hermes {

// The calling thread takes what others of this machine leave and, where they leave nothing, about a tenth of a core. No way
// back. Where the system knows no priority of single threads, nothing happens.
void lower_thread_priority();

}  // namespace hermes
