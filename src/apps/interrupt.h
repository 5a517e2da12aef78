// Ctrl-C, for commands that stop cleanly.
#pragma once

#include <atomic>

namespace hermes::apps {

// Set by Ctrl-C while it is watched for; whoever waits for it may clear it.
std::atomic<bool>& interrupted();

// From here on Ctrl-C sets the flag; a second one before it is cleared ends the program at once.
void watch_for_interrupt();
// And from here on it ends the program again.
void stop_watching_for_interrupt();

}  // namespace hermes::apps
