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
  stop_ = true;
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadPool::worker(int thread) {
  int done = 0;
  for (;;) {
    int seen = done;
    wait_until(generation_, seen, [&](int now) { return now != done; });
    done = seen;
    if (stop_) return;
    (*job_)(thread);
    if (running_.fetch_sub(1, std::memory_order_acq_rel) == 1) running_.notify_one();
  }
}

void ThreadPool::run(FunctionRef<void(int)> fn) {
  if (n_threads_ == 1) return fn(0);
  job_ = &fn;
  running_.store(n_threads_ - 1, std::memory_order_relaxed);
  generation_.fetch_add(1, std::memory_order_release);
  generation_.notify_all();
  fn(0);
  int left = 0;
  wait_until(running_, left, [](int now) { return now == 0; });
}

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
  run([&](int thread) {
    for (;;) {
      const int64_t begin = next_piece_.fetch_add(piece, std::memory_order_relaxed);
      if (begin >= n) return;
      fn(thread, begin, std::min(n, begin + piece));
    }
  });
}

}  // namespace hermes
