#include "apps/terminal_size.h"

#include <sys/ioctl.h>
#include <unistd.h>

namespace hermes::apps {

size_t terminal_width() {
  winsize size{};
  if (::ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0) return 80;
  return size.ws_col;
}

}  // namespace hermes::apps
