// Runs a program to its end: text in, text out, with limits that hold whatever the program does.
//
//   HERMES_ASSIGN(const ProcessResult result, run_process({.argv = shell_command("wc -w"),
//                                                          .environment = environment,
//                                                          .input = "three little words"}));
//
// The program runs in a process group of its own, so the terminal's Ctrl-C reaches only us. At the time limit or on
// cancellation that whole group is ended: SIGTERM, half a second of grace, SIGKILL. The run is over when the program
// itself has ended: what it left running in the background stays alive, and its output is not waited for.
// Thread-safe; needs no signal handler and changes no state of this process.
#pragma once

#include <atomic>
#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"

namespace hermes {

struct ProcessRequest {
  // argv[0] without a slash is looked up in our own PATH; with one, it is relative to `folder`.
  std::vector<std::string> argv{};
  // "NAME=VALUE", all that the program gets. Ours is handed down from apps/, the only folder that reads it.
  std::vector<std::string> environment{};
  std::string input{};                           // its standard input, then end of file
  std::filesystem::path folder{};                // where it runs; empty: our working directory
  std::chrono::milliseconds time_limit{30'000};  // positive
  size_t output_limit = size_t{1} << 20;         // bytes kept of each of its two outputs; the rest is dropped
  const std::atomic<bool>* cancel = nullptr;     // looked at every 50 ms; may be null
};

struct ProcessResult {
  int exit_status = 0;   // where signal is 0; -1: unknown, because this process ignores SIGCHLD
  int signal = 0;        // what ended it, if a signal did
  std::string output{};  // standard output: its beginning, where it is longer than the limit
  std::string errors{};  // standard error: its end, since that is where the reason stands
  bool output_truncated = false;
  bool errors_truncated = false;
  bool timed_out = false;  // it was ended at the time limit
  bool cancelled = false;  // it was ended because `cancel` became true

  bool succeeded() const { return exit_status == 0 && signal == 0 && !timed_out && !cancelled; }
};

// Fails where the program cannot be started: no such command, not executable, no such folder, no descriptors left.
// All that happens after that is in the result.
Result<ProcessResult> run_process(const ProcessRequest& request);

// The argv that has /bin/sh run `line`.
std::vector<std::string> shell_command(std::string line);

// How it ended, for a person: "exit status 3", "ended by signal 11 (Segmentation fault)", "still running after 30 s:
// ended", "cancelled".
std::string describe_end(const ProcessResult& result, std::chrono::milliseconds time_limit);

}  // namespace hermes
