#include "base/thread_pool.h"

#include <sched.h>

#include <algorithm>

#include "base/check.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace hermes {
namespace {

void relax() {
#if defined(__x86_64__)
  _mm_pause();
#elif defined(__aarch64__)
  asm volatile("yield");
#endif
}

// Waiting has three stages: spin (a few microseconds: the usual gap between two ops), offer the core to whoever else
// wants it, then sleep in the kernel. A pool that idles costs nothing.
constexpr int kSpins = 2000;
constexpr int kYields = 100;

template <class Atomic, class Value, class Done>
void wait_until(const Atomic& atomic, Value& seen, Done done) {
  for (int i = 0; i < kSpins; ++i) {
    seen = atomic.load(std::memory_order_acquire);
    if (done(seen)) return;
    relax();
  }
  for (int i = 0; i < kYields; ++i) {
    sched_yield();
    seen = atomic.load(std::memory_order_acquire);
    if (done(seen)) return;
  }
  while (!done(seen)) {
    atomic.wait(seen, std::memory_order_acquire);
    seen = atomic.load(std::memory_order_acquire);
  }
}

}  // namespace

int available_cores() {
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof set, &set) == 0) return std::max(1, CPU_COUNT(&set));
  return std::max(1, static_cast<int>(std::thread::hardware_concurrency()));
}

ThreadPool::ThreadPool(int n_threads) : n_threads_(n_threads) {
  HERMES_CHECK(n_threads >= 1);
  threads_.reserve(static_cast<size_t>(n_threads - 1));
  for (int t = 1; t < n_threads; ++t) threads_.emplace_back([this, t] { worker(t); });
}

ThreadPool::~ThreadPool() {
  stop_.store(true, std::memory_order_relaxed);
  round_.fetch_add(1, std::memory_order_release);
  round_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::worker(int thread) {
  uint32_t done = 0;
  for (;;) {
    uint32_t seen = done;
    wait_until(round_, seen, [&](uint32_t now) { return now != done; });
    done = seen;
    if (stop_.load(std::memory_order_relaxed)) return;
    uint64_t state = state_.load(std::memory_order_acquire);
    const auto open = [&] { return state >> 32 == seen && (state & kClosed) == 0; };
    while (open() && !state_.compare_exchange_weak(state, state + 1, std::memory_order_acq_rel)) {
    }
    if (!open()) continue;  // closed without us
    (*job_)(thread);
    finished_.fetch_add(1, std::memory_order_release);
    finished_.notify_one();
  }
}

void ThreadPool::offer(FunctionRef<void(int)> fn, bool all) {
  if (n_threads_ == 1) return fn(0);
  const uint32_t round = round_.load(std::memory_order_relaxed) + 1;
  job_ = &fn;
  finished_.store(0, std::memory_order_relaxed);
  state_.store(uint64_t{round} << 32, std::memory_order_release);
  round_.store(round, std::memory_order_release);
  round_.notify_all();
  fn(0);
  uint32_t left = 0;
  if (all) {
    const auto workers = static_cast<uint32_t>(n_threads_ - 1);
    wait_until(finished_, left, [&](uint32_t now) { return now == workers; });
  }
  const auto joined = static_cast<uint32_t>(state_.fetch_or(kClosed, std::memory_order_acq_rel) & kJoined);
  wait_until(finished_, left, [&](uint32_t now) { return now == joined; });
}

void ThreadPool::run(FunctionRef<void(int)> fn) { offer(fn, true); }

void ThreadPool::parallel_for(int64_t n, int64_t piece, FunctionRef<void(int64_t, int64_t)> fn) {
  parallel_for(n, piece, [&](int, int64_t begin, int64_t end) { fn(begin, end); });
}

void ThreadPool::parallel_for(int64_t n, int64_t piece, FunctionRef<void(int, int64_t, int64_t)> fn) {
  HERMES_CHECK(piece > 0);
  if (n_threads_ == 1 || n <= piece) {
    for (int64_t begin = 0; begin < n; begin += piece) fn(0, begin, std::min(n, begin + piece));
    return;
  }
  next_piece_.store(0, std::memory_order_relaxed);
  const auto work = [&](int thread) {
    for (;;) {
      const int64_t begin = next_piece_.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= n) return;
      fn(thread, begin, std::min(n, begin + piece));
    }
  };
  offer(work, false);
}

void ThreadPool::parallel_for_tapered(int64_t n, int64_t most, int64_t least,
                                      FunctionRef<void(int, int64_t, int64_t)> fn) {
  HERMES_CHECK(least > 0 && most >= least);
  if (n_threads_ == 1 || n <= least) {
    for (int64_t begin = 0; begin < n; begin += most / least * least)
      fn(0, begin, std::min(n, begin + most / least * least));
    return;
  }
  next_piece_.store(0, std::memory_order_relaxed);
  const auto work = [&](int thread) {
    int64_t begin = next_piece_.load(std::memory_order_relaxed);
    while (begin < n) {
      // Half of an equal share of what is left: when the last piece is taken, nobody has much before him.
      const int64_t share = std::clamp((n - begin) / (2 * n_threads_), least, most) / least * least;
      if (!next_piece_.compare_exchange_weak(begin, begin + share, std::memory_order_relaxed)) continue;
      fn(thread, begin, std::min(n, begin + share));
      begin = next_piece_.load(std::memory_order_relaxed);
    }
  };
  offer(work, false);
}

}  // namespace hermes
