#include "base/thread_priority.h"

#include <sys/resource.h>

namespace hermes {

void lower_thread_priority() {
#ifdef __linux__
  constexpr int kSteps = 10;  // each is about a quarter more or less of what two threads get of one core
  setpriority(PRIO_PROCESS, 0, getpriority(PRIO_PROCESS, 0) + kSteps);  // of this thread alone, against POSIX
#endif
}

}  // namespace hermes
