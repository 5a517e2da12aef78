#include "base/process.h"

#include <fcntl.h>
#include <poll.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <csignal>
#include <cstring>
#include <optional>
#include <utility>

namespace hermes {
namespace {

using Clock = std::chrono::steady_clock;
using std::chrono::milliseconds;

constexpr milliseconds kGrace{500};     // between SIGTERM and SIGKILL
constexpr milliseconds kLookEvery{50};  // at the cancel flag, and whether the program has ended

class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~Descriptor() { close(); }

  int get() const { return fd_; }
  bool open() const { return fd_ >= 0; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_ = -1;
};

struct Pipe {
  Descriptor ours, theirs;
};

Error errno_error(std::string_view what, int code) { return Error::io("{}: {}", what, std::strerror(code)); }

// Our end does not block. No end is 0, 1 or 2, so that giving the child its three never overwrites one; all are closed
// in any program that another thread starts meanwhile.
Result<Pipe> make_pipe(bool we_write) {
  std::array<int, 2> raw{};
  if (::pipe2(raw.data(), O_CLOEXEC) != 0) return errno_error("no pipe to a command", errno);
  std::array<Descriptor, 2> ends{Descriptor(raw[0]), Descriptor(raw[1])};
  for (Descriptor& end : ends) {
    if (end.get() > STDERR_FILENO) continue;
    Descriptor moved(::fcntl(end.get(), F_DUPFD_CLOEXEC, STDERR_FILENO + 1));
    if (!moved.open()) return errno_error("no pipe to a command", errno);
    end = std::move(moved);
  }
  Pipe pipe{std::move(ends[we_write ? 1 : 0]), std::move(ends[we_write ? 0 : 1])};
  if (::fcntl(pipe.ours.get(), F_SETFL, O_NONBLOCK) != 0) return errno_error("no pipe to a command", errno);
  return pipe;
}

// Writing to a program that no longer reads raises SIGPIPE in the writing thread, which would end us. While this object
// lives the signal is held back in this thread; one that came from our writing is taken away at the end.
class NoSigpipe {
 public:
  NoSigpipe() {
    sigemptyset(&set_);
    sigaddset(&set_, SIGPIPE);
    sigset_t pending;
    sigpending(&pending);
    was_pending_ = sigismember(&pending, SIGPIPE) == 1;
    pthread_sigmask(SIG_BLOCK, &set_, &before_);
  }
  ~NoSigpipe() {
    const timespec at_once{};
    while (!was_pending_ && ::sigtimedwait(&set_, nullptr, &at_once) < 0 && errno == EINTR) {
    }
    pthread_sigmask(SIG_SETMASK, &before_, nullptr);
  }
  NoSigpipe(const NoSigpipe&) = delete;
  NoSigpipe& operator=(const NoSigpipe&) = delete;

 private:
  sigset_t set_, before_;
  bool was_pending_;
};

std::vector<char*> pointers(const std::vector<std::string>& strings) {
  std::vector<char*> out;
  for (const std::string& string : strings) out.push_back(const_cast<char*>(string.c_str()));  // spawn only reads
  out.push_back(nullptr);
  return out;
}

Error cannot_start(const ProcessRequest& request, int code) {
  const std::string& name = request.argv[0];
  const bool has_path = name.find('/') != std::string::npos;
  if (code == ENOENT && !has_path) return Error::not_found("{}: no such command in PATH", name);
  if (code == ENOENT) return Error::not_found("{}: no such command, or its #! line names none", name);
  if (code == EACCES) return Error::invalid("{}: cannot be executed (chmod +x makes a script executable)", name);
  if (code == ENOEXEC) return Error::invalid("{}: no program: a script begins with a #! line", name);
  return errno_error(name + ": cannot be started", code);
}

Result<pid_t> spawn(const ProcessRequest& request, const Pipe& input, const Pipe& output, const Pipe& errors) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawn_file_actions_adddup2(&actions, input.theirs.get(), STDIN_FILENO);
  posix_spawn_file_actions_adddup2(&actions, output.theirs.get(), STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, errors.theirs.get(), STDERR_FILENO);
  posix_spawn_file_actions_addclosefrom_np(&actions, STDERR_FILENO + 1);  // what a library opened without close-on-exec
  if (!request.folder.empty()) posix_spawn_file_actions_addchdir_np(&actions, request.folder.c_str());

  // The program starts with signals as a shell would give them, whatever we block, ignore or handle.
  sigset_t none, defaults;
  sigemptyset(&none);
  sigemptyset(&defaults);
  for (const int signal : {SIGINT, SIGQUIT, SIGTERM, SIGPIPE, SIGCHLD}) sigaddset(&defaults, signal);
  posix_spawnattr_setsigmask(&attributes, &none);
  posix_spawnattr_setsigdefault(&attributes, &defaults);
  posix_spawnattr_setpgroup(&attributes, 0);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETPGROUP | POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF);

  const std::vector<char*> argv = pointers(request.argv), environment = pointers(request.environment);
  pid_t pid = -1;
  const int code = ::posix_spawnp(&pid, argv[0], &actions, &attributes, argv.data(), environment.data());
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (code != 0) return cannot_start(request, code);
  return pid;
}

// A started program and its pipes. Its number stays ours, and so does that of its group, until finish() has fetched the
// exit status: no signal can reach a stranger.
class Child {
 public:
  Child(const ProcessRequest& request, pid_t pid, Descriptor input, Descriptor output, Descriptor errors)
      : request_(request), pid_(pid), input_(std::move(input)), output_(std::move(output)), errors_(std::move(errors)) {
    if (request_.input.empty()) input_.close();
  }

  ProcessResult run() {
    const Clock::time_point limit = Clock::now() + request_.time_limit;
    while (!ended()) {
      result_.cancelled = request_.cancel != nullptr && request_.cancel->load();
      const auto left = std::chrono::ceil<milliseconds>(limit - Clock::now());
      result_.timed_out = !result_.cancelled && left <= milliseconds::zero();
      if (result_.cancelled || result_.timed_out) {
        stop();
        break;
      }
      exchange(std::min(left, kLookEvery));
    }
    exchange(milliseconds::zero());  // what it wrote last
    finish();
    return std::move(result_);
  }

 private:
  // Whether the program has ended; it stays a zombie, which keeps its number.
  bool ended() const {
    siginfo_t info{};
    return ::waitid(P_PID, static_cast<id_t>(pid_), &info, WEXITED | WNOHANG | WNOWAIT) != 0 || info.si_pid == pid_;
  }

  void stop() {
    ::kill(-pid_, SIGTERM);
    ::kill(-pid_, SIGCONT);  // a stopped program could not act on it
    const Clock::time_point limit = Clock::now() + kGrace;
    // While an output is open somewhere, a member of the group may still be at its clean-up.
    while (Clock::now() < limit && (!ended() || output_.open() || errors_.open())) exchange(milliseconds(10));
    ::kill(-pid_, SIGKILL);
  }

  void finish() {
    int status = 0;
    pid_t fetched;
    while ((fetched = ::waitpid(pid_, &status, 0)) < 0 && errno == EINTR) {
    }
    if (fetched != pid_) {
      result_.exit_status = -1;
    } else if (WIFSIGNALED(status)) {
      result_.signal = WTERMSIG(status);
    } else {
      result_.exit_status = WEXITSTATUS(status);
    }
    if (result_.errors.size() > request_.output_limit) drop_beginning_of_errors();
  }

  // Moves what can be moved, waiting at most `wait` for something to move.
  void exchange(milliseconds wait) {
    std::array<pollfd, 3> all{pollfd{input_.get(), POLLOUT, 0}, pollfd{output_.get(), POLLIN, 0},
                              pollfd{errors_.get(), POLLIN, 0}};  // poll() passes over negative descriptors
    // With both outputs closed the end is near, and nothing will announce it.
    if (!output_.open() && !errors_.open()) wait = std::min(wait, milliseconds(2));
    if (::poll(all.data(), all.size(), static_cast<int>(wait.count())) <= 0) return;
    if (all[0].revents != 0) give();
    if (all[1].revents != 0) take(output_, [this](std::string_view text) { keep_output(text); });
    if (all[2].revents != 0) take(errors_, [this](std::string_view text) { keep_errors(text); });
  }

  void give() {
    while (given_ < request_.input.size()) {
      const ssize_t n = ::write(input_.get(), request_.input.data() + given_, request_.input.size() - given_);
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n < 0) break;  // it does not want the rest
      given_ += static_cast<size_t>(n);
    }
    input_.close();
  }

  // Until there is nothing more for now; never for ever, should the program write faster than we read.
  template <class Keep>
  static void take(Descriptor& from, Keep keep) {
    std::array<char, 64 * 1024> chunk;
    for (int i = 0; i < 16; ++i) {
      const ssize_t n = ::read(from.get(), chunk.data(), chunk.size());
      if (n < 0 && errno == EINTR) continue;
      if (n < 0 && errno == EAGAIN) return;
      if (n <= 0) return from.close();
      keep(std::string_view(chunk.data(), static_cast<size_t>(n)));
    }
  }

  void keep_output(std::string_view text) {
    const std::string_view kept = text.substr(0, request_.output_limit - result_.output.size());
    result_.output += kept;
    if (kept.size() < text.size()) result_.output_truncated = true;
  }
  void keep_errors(std::string_view text) {
    result_.errors += text;
    if (result_.errors.size() > 2 * request_.output_limit) drop_beginning_of_errors();
  }
  void drop_beginning_of_errors() {
    result_.errors.erase(0, result_.errors.size() - request_.output_limit);
    result_.errors_truncated = true;
  }

  const ProcessRequest& request_;
  pid_t pid_;
  Descriptor input_, output_, errors_;
  size_t given_ = 0;
  ProcessResult result_;
};

Status check(const ProcessRequest& request) {
  if (request.argv.empty() || request.argv[0].empty()) return Error::invalid("no command to run");
  for (const std::vector<std::string>* strings : {&request.argv, &request.environment}) {
    for (const std::string& string : *strings) {
      if (string.find('\0') != std::string::npos) return Error::invalid("a zero byte in the words of a command");
    }
  }
  std::error_code ignored;
  if (!request.folder.empty() && !std::filesystem::is_directory(request.folder, ignored)) {
    return Error::not_found("{}: no such folder to run {} in", request.folder.string(), request.argv[0]);
  }
  return {};
}

}  // namespace

Result<ProcessResult> run_process(const ProcessRequest& request) {
  HERMES_CHECK(request.time_limit > milliseconds::zero());
  HERMES_TRY(check(request));
  HERMES_ASSIGN(Pipe input, make_pipe(true));
  HERMES_ASSIGN(Pipe output, make_pipe(false));
  HERMES_ASSIGN(Pipe errors, make_pipe(false));
  HERMES_ASSIGN(const pid_t pid, spawn(request, input, output, errors));
  for (Pipe* pipe : {&input, &output, &errors}) pipe->theirs.close();
  const NoSigpipe guard;
  return Child(request, pid, std::move(input.ours), std::move(output.ours), std::move(errors.ours)).run();
}

std::vector<std::string> shell_command(std::string line) { return {"/bin/sh", "-c", std::move(line)}; }

std::string describe_end(const ProcessResult& result, milliseconds time_limit) {
  if (result.cancelled) return "cancelled";
  if (result.timed_out) {
    return fmt::format("still running after {:g} s: ended", static_cast<double>(time_limit.count()) / 1000);
  }
  if (result.signal != 0) return fmt::format("ended by signal {} ({})", result.signal, ::sigdescr_np(result.signal));
  return fmt::format("exit status {}", result.exit_status);
}

}  // namespace hermes
