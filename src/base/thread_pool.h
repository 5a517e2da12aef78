// A fixed team of threads for one forward pass after another: microseconds to start, no allocation per call.
//
// Goals: low latency when the cores are ours (threads spin briefly before they sleep); when a neighbour takes a core,
// lose that core's share and no more: work is handed out in pieces, so that a descheduled thread holds up one piece only,
// and a thread that has not woken up when the last piece is taken is not waited for.
// Non-goals: task graphs, nesting, stealing. Results may not depend on which thread does which piece: every caller
// gives each piece its own output, so that any number of threads gives the same bits.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

namespace hermes {

// A borrowed callable: no allocation. Must outlive the call it is passed to.
template <class Signature>
class FunctionRef;
template <class R, class... A>
class FunctionRef<R(A...)> {
 public:
  template <class F>
  requires(!std::is_same_v<std::remove_cvref_t<F>, FunctionRef> && std::is_invocable_r_v<R, F&, A...>)
      FunctionRef(F&& f)  // NOLINT: implicit by design
      : object_(const_cast<void*>(static_cast<const void*>(&f))), call_([](void* object, A... args) -> R {
          return (*static_cast<std::remove_reference_t<F>*>(object))(std::forward<A>(args)...);
        }) {}
  R operator()(A... args) const { return call_(object_, std::forward<A>(args)...); }

 private:
  void* object_;
  R (*call_)(void*, A...);
};

// Cores this process may run on (its affinity mask), at least 1.
int available_cores();

class ThreadPool {
 public:
  // n_threads counts the calling thread: a pool of 1 starts none. n_threads >= 1.
  explicit ThreadPool(int n_threads);
  ~ThreadPool();
  ThreadPool(const ThreadPool&) = delete;
  ThreadPool& operator=(const ThreadPool&) = delete;

  int n_threads() const { return n_threads_; }

  // Runs fn(thread) once on every thread, 0 being the caller; returns when all are done. One call at a time: not
  // reentrant, and calls from several threads must be serialised by them.
  void run(FunctionRef<void(int thread)> fn);

  // Calls fn(begin, end) over pieces of [0, n), each at most `piece` long and starting at a multiple of it. Pieces are
  // taken in order by whichever thread is free.
  void parallel_for(int64_t n, int64_t piece, FunctionRef<void(int64_t begin, int64_t end)> fn);
  // The same for work that needs scratch: fn also learns which thread it is on.
  void parallel_for(int64_t n, int64_t piece, FunctionRef<void(int thread, int64_t begin, int64_t end)> fn);
  // The same with pieces that get shorter towards the end, from `most` to `least`, so that threads end together though
  // pieces are long: where long ones are faster. They start at multiples of `least`.
  void parallel_for_tapered(int64_t n, int64_t most, int64_t least,
                            FunctionRef<void(int thread, int64_t begin, int64_t end)> fn);

 private:
  void worker(int thread);
  // Offers `fn` to the workers and runs it here; then waits for those that joined. With `all`, first until all have.
  void offer(FunctionRef<void(int thread)> fn, bool all);

  // A call is a round. Its state counts who joined, until it is closed: high half the round's number, then the bit, then
  // the count. A worker joins by compare-and-exchange, so it can never enter a round that has been closed or is not its own.
  static constexpr uint64_t kClosed = uint64_t{1} << 31, kJoined = kClosed - 1;

  int n_threads_;
  std::vector<std::thread> threads_;
  const FunctionRef<void(int)>* job_ = nullptr;
  std::atomic<bool> stop_{false};
  alignas(64) std::atomic<uint32_t> round_{0};  // workers wait for it to change
  alignas(64) std::atomic<uint64_t> state_{kClosed};
  alignas(64) std::atomic<uint32_t> finished_{0};  // workers that have left the present round
  alignas(64) std::atomic<int64_t> next_piece_{0};
};

}  // namespace hermes
