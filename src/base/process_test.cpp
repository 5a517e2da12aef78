#include "base/process.h"

#include <dirent.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <thread>

#include "base/temp_folder_for_test.h"

namespace hermes {
namespace {

using std::chrono::milliseconds;
using testing::HasSubstr;

ProcessResult run(ProcessRequest request) {
  if (request.environment.empty()) request.environment = {"PATH=/usr/bin:/bin"};
  auto result = run_process(request);
  EXPECT_TRUE(result.ok()) << (result.ok() ? "" : result.error().message());
  return result.ok() ? std::move(result).value() : ProcessResult{.exit_status = -1};
}

ProcessResult run_line(std::string line, std::string input = "") {
  return run({.argv = shell_command(std::move(line)), .input = std::move(input)});
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool no_children_left() { return ::waitpid(-1, nullptr, WNOHANG) < 0 && errno == ECHILD; }

int open_descriptors() {
  int count = 0;
  DIR* folder = ::opendir("/proc/self/fd");
  while (::readdir(folder) != nullptr) ++count;
  ::closedir(folder);
  return count;
}

// Waits until the process is gone, or ended and not yet fetched by whoever inherited it.
bool goes_away(pid_t pid) {
  for (int i = 0; i < 100; ++i) {
    std::ifstream state(fmt::format("/proc/{}/stat", pid));
    std::string text((std::istreambuf_iterator<char>(state)), {});
    if (text.empty() || text.find(") Z ") != std::string::npos) return true;
    std::this_thread::sleep_for(milliseconds(20));
  }
  return false;
}

TEST(Process, GivesOutputErrorsAndStatus) {
  const ProcessResult result = run_line("cat; echo oops >&2; exit 3", "three words");
  EXPECT_EQ(result.output, "three words");
  EXPECT_EQ(result.errors, "oops\n");
  EXPECT_EQ(result.exit_status, 3);
  EXPECT_EQ(result.signal, 0);
  EXPECT_FALSE(result.succeeded());
  EXPECT_EQ(describe_end(result, milliseconds(100)), "exit status 3");
  EXPECT_TRUE(no_children_left());
}

TEST(Process, PassesWordsAsTheyAre) {
  EXPECT_EQ(run({.argv = {"printf", "%s|", "a b", "$HOME", "*", "'"}}).output, "a b|$HOME|*|'|");
}

TEST(Process, ShowsTheSignalThatEndedIt) {
  const ProcessResult result = run_line("kill -SEGV $$");
  EXPECT_EQ(result.signal, SIGSEGV);
  EXPECT_FALSE(result.succeeded());
  EXPECT_EQ(describe_end(result, milliseconds(100)), "ended by signal 11 (Segmentation fault)");
}

TEST(Process, MovesMoreThanAPipeHoldsBothWays) {
  std::string input;
  for (int i = 0; input.size() < (8u << 20); ++i) input += fmt::format("line {}\n", i);
  const ProcessResult result = run({.argv = {"cat"}, .input = input, .output_limit = 16u << 20});
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.output, input);
  EXPECT_FALSE(result.output_truncated);
}

TEST(Process, OutlivesAProgramThatDoesNotRead) {
  const std::string input(4u << 20, 'x');
  for (int i = 0; i < 5; ++i) {
    EXPECT_TRUE(run({.argv = {"true"}, .input = input}).succeeded());
    const ProcessResult closed = run_line("exec <&-; sleep 0.05; echo fine", input);
    EXPECT_EQ(closed.output, "fine\n");
  }
}

TEST(Process, KeepsTheBeginningOfOutputAndTheEndOfErrors) {
  ProcessRequest request{.argv = shell_command("seq 1 100000; seq 1 100000 >&2"), .output_limit = 10};
  const ProcessResult result = run(request);
  EXPECT_TRUE(result.succeeded());
  EXPECT_EQ(result.output, "1\n2\n3\n4\n5\n");
  EXPECT_TRUE(result.output_truncated);
  EXPECT_EQ(result.errors, "99\n100000\n");
  EXPECT_TRUE(result.errors_truncated);

  request = {.argv = shell_command("printf 0123456789; printf 0123456789 >&2"), .output_limit = 10};
  const ProcessResult exact = run(request);
  EXPECT_EQ(exact.output, "0123456789");
  EXPECT_EQ(exact.errors, "0123456789");
  EXPECT_FALSE(exact.output_truncated || exact.errors_truncated);
}

TEST(Process, EndsAtTheTimeLimitWithItsWholeGroup) {
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result =
      run({.argv = shell_command("sleep 100 & echo $!; sleep 100"), .time_limit = milliseconds(100)});
  EXPECT_LT(seconds_since(start), 10);
  EXPECT_TRUE(result.timed_out);
  EXPECT_FALSE(result.succeeded() || result.cancelled);
  EXPECT_EQ(result.signal, SIGTERM);
  EXPECT_EQ(describe_end(result, milliseconds(100)), "still running after 0.1 s: ended");
  EXPECT_TRUE(goes_away(std::stoi(result.output)));
  EXPECT_TRUE(no_children_left());
}

TEST(Process, EndsEvenWhatIgnoresTheFirstSignal) {
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result =
      run({.argv = shell_command("trap '' TERM; while true; do sleep 0.01; done"), .time_limit = milliseconds(100)});
  EXPECT_LT(seconds_since(start), 10);
  EXPECT_EQ(result.signal, SIGKILL);
}

TEST(Process, LeavesTimeToCleanUp) {
  const ProcessResult result =
      run({.argv = shell_command("trap 'echo bye; exit 7' TERM; while true; do sleep 0.01; done"),
           .time_limit = milliseconds(300)});
  EXPECT_TRUE(result.timed_out);
  EXPECT_EQ(result.output, "bye\n");
  EXPECT_EQ(result.exit_status, 7);
}

TEST(Process, EndsAStoppedProgram) {
  EXPECT_TRUE(run({.argv = shell_command("kill -STOP $$"), .time_limit = milliseconds(100)}).timed_out);
}

TEST(Process, ReadsOnWhileItFloods) {
  const auto start = std::chrono::steady_clock::now();
  EXPECT_TRUE(run({.argv = {"yes"}, .time_limit = milliseconds(200), .output_limit = 100}).timed_out);
  EXPECT_LT(seconds_since(start), 10);
}

TEST(Process, StopsWhenCancelled) {
  std::atomic<bool> cancel{false};
  std::thread user([&] {
    std::this_thread::sleep_for(milliseconds(100));
    cancel = true;
  });
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result = run({.argv = {"sleep", "100"}, .cancel = &cancel});
  user.join();
  EXPECT_LT(seconds_since(start), 10);
  EXPECT_TRUE(result.cancelled);
  EXPECT_FALSE(result.timed_out);
  EXPECT_EQ(describe_end(result, milliseconds(100)), "cancelled");
}

TEST(Process, DoesNotWaitForWhatRunsOnInTheBackground) {
  const auto start = std::chrono::steady_clock::now();
  const ProcessResult result = run_line("echo begun; sleep 60 & echo $!");
  EXPECT_LT(seconds_since(start), 20);
  EXPECT_TRUE(result.succeeded());
  ASSERT_THAT(result.output, testing::StartsWith("begun\n"));
  EXPECT_EQ(::kill(std::stoi(result.output.substr(6)), SIGKILL), 0);  // it was alive
}

TEST(Process, GivesTheEnvironmentAndNothingElse) {
  EXPECT_EQ(run({.argv = {"env"}, .environment = {"A=1", "B=two words"}}).output, "A=1\nB=two words\n");
}

TEST(Process, RunsInTheFolderGiven) {
  const TempFolder folder;
  const auto script = folder.write("here.sh", "#!/bin/sh\npwd\n");
  std::filesystem::permissions(script, std::filesystem::perms::owner_all);
  EXPECT_EQ(run({.argv = {"./here.sh"}, .folder = folder.path()}).output,
            std::filesystem::canonical(folder.path()).string() + "\n");
}

TEST(Process, HasAGroupOfItsOwnAndPlainSignals) {
  const ProcessResult result = run_line("cut -d' ' -f1,5 /proc/self/stat; echo $$");
  // cut's group is the shell's number.
  const size_t space = result.output.find(' ');
  const std::string group = result.output.substr(space + 1, result.output.find('\n') - space - 1);
  EXPECT_EQ(result.output.substr(result.output.find('\n') + 1), group + "\n");

  const auto before = ::signal(SIGPIPE, SIG_IGN);
  sigset_t blocked, mask_before;
  sigemptyset(&blocked);
  sigaddset(&blocked, SIGTERM);
  pthread_sigmask(SIG_BLOCK, &blocked, &mask_before);
  const ProcessResult signals = run_line("grep -E 'SigBlk|SigIgn' /proc/self/status");
  pthread_sigmask(SIG_SETMASK, &mask_before, nullptr);
  ::signal(SIGPIPE, before);
  EXPECT_THAT(signals.output, HasSubstr("SigBlk:\t0000000000000000"));
  // glibc ignores 32 and 33, which are its own, in what it spawns.
  EXPECT_THAT(signals.output, testing::ContainsRegex("SigIgn:\t[0-9a-f]+[08]0000000\n"));
}

TEST(Process, LeaksNoDescriptorEitherWay) {
  const int leaky = ::dup(0);  // without close-on-exec
  const int before = open_descriptors();
  for (int i = 0; i < 20; ++i) run({.argv = {"true"}});
  EXPECT_FALSE(run_process({.argv = {"/no/such/command"}}).ok());
  EXPECT_EQ(open_descriptors(), before);
  EXPECT_EQ(run({.argv = {"ls", "/proc/self/fd"}}).output, "0\n1\n2\n3\n");  // 3: the folder that it lists
  ::close(leaky);
}

TEST(Process, WorksWithoutDescriptorsOfOurOwn) {
  // A program started with its input and outputs closed gets 0, 1 and 2 for its pipes.
  const pid_t child = ::fork();
  if (child == 0) {
    for (const int fd : {0, 1, 2}) ::close(fd);
    const auto result = run_process({.argv = {"/bin/cat"}, .input = "text"});
    ::_exit(result.ok() && result->output == "text" ? 0 : 1);
  }
  int status = -1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST(Process, ManyAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> right{0};
  for (int t = 0; t < 8; ++t) {
    threads.emplace_back([&, t] {
      for (int i = 0; i < 10; ++i) {
        const std::string input = std::string(100'000, static_cast<char>('a' + t));
        const auto result = run_process({.argv = {"cat"}, .input = input});
        if (result.ok() && result->output == input) ++right;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(right, 80);
  EXPECT_TRUE(no_children_left());
}

TEST(Process, SaysWhyItCannotStart) {
  const TempFolder folder;
  const auto message = [](ProcessRequest request) {
    const auto result = run_process(request);
    return result.ok() ? std::string("it ran") : result.error().message();
  };
  EXPECT_EQ(message({.argv = {"no-such-command-here"}}), "no-such-command-here: no such command in PATH");
  EXPECT_EQ(message({.argv = {"/no/such"}}), "/no/such: no such command, or its #! line names none");
  const auto plain = folder.write("plain", "text");
  EXPECT_THAT(message({.argv = {plain.string()}}), HasSubstr("cannot be executed (chmod +x"));
  std::filesystem::permissions(plain, std::filesystem::perms::owner_all);
  EXPECT_THAT(message({.argv = {plain.string()}}), HasSubstr("a script begins with a #! line"));
  EXPECT_EQ(message({.argv = {"true"}, .folder = "/no/folder"}), "/no/folder: no such folder to run true in");
  EXPECT_EQ(message({}), "no command to run");
  EXPECT_EQ(message({.argv = {std::string("a\0b", 3)}}), "a zero byte in the words of a command");
  EXPECT_TRUE(no_children_left());
}

}  // namespace
}  // namespace hermes
