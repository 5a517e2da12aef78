#include "apps/interrupt.h"

#include <csignal>

namespace hermes::apps {

std::atomic<bool>& interrupted() {
  static std::atomic<bool> flag{false};
  return flag;
}

void watch_for_interrupt() {
  interrupted() = false;  // before the handler runs: it must not be the one to construct the flag
  std::signal(SIGINT, [](int) {
    if (interrupted().exchange(true)) {
      std::signal(SIGINT, SIG_DFL);
      std::raise(SIGINT);
    }
  });
}

void stop_watching_for_interrupt() { std::signal(SIGINT, SIG_DFL); }

}  // namespace hermes::apps
