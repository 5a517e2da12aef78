#include "base/thread_pool.h"

#include <gtest/gtest.h>

#include <chrono>
#include <memory>
#include <numeric>
#include <vector>

namespace hermes {
namespace {

class ThreadPoolTest : public testing::TestWithParam<int> {};

TEST_P(ThreadPoolTest, RunsOnceOnEveryThread) {
  ThreadPool pool(GetParam());
  EXPECT_EQ(pool.n_threads(), GetParam());
  std::vector<int> calls(static_cast<size_t>(GetParam()));  // each thread writes its own
  std::vector<std::thread::id> ids(calls.size());
  pool.run([&](int thread) {
    ++calls[static_cast<size_t>(thread)];
    ids[static_cast<size_t>(thread)] = std::this_thread::get_id();
  });
  for (const int n : calls) EXPECT_EQ(n, 1);
  EXPECT_EQ(ids[0], std::this_thread::get_id());
  for (size_t i = 1; i < ids.size(); ++i) EXPECT_NE(ids[i], ids[0]);
}

TEST_P(ThreadPoolTest, ParallelForVisitsEveryIndexOnceInAlignedPieces) {
  ThreadPool pool(GetParam());
  for (const int64_t n : {0, 1, 2, 7, 64, 1000}) {
    for (const int64_t piece : {1, 3, 64, 5000}) {
      std::vector<int> visits(static_cast<size_t>(n));  // pieces do not overlap, so no atomics are needed
      std::atomic<int> misaligned{0};
      pool.parallel_for(n, piece, [&](int64_t begin, int64_t end) {
        if (begin % piece != 0 || end <= begin || end - begin > piece) ++misaligned;
        for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
      });
      EXPECT_EQ(misaligned, 0);
      for (const int v : visits) ASSERT_EQ(v, 1) << "n " << n << " piece " << piece;
    }
  }
}

TEST_P(ThreadPoolTest, TaperedPiecesVisitEveryIndexOnceAndGetShorter) {
  ThreadPool pool(GetParam());
  for (const int64_t n : {0, 1, 3, 4, 5, 100, 1003}) {
    std::vector<std::atomic<int>> seen(static_cast<size_t>(n));
    std::atomic<int64_t> last_length{0};
    pool.parallel_for_tapered(n, 64, 4, [&](int thread, int64_t begin, int64_t end) {
      EXPECT_TRUE(thread >= 0 && thread < pool.n_threads());
      EXPECT_EQ(begin % 4, 0);
      EXPECT_TRUE(begin < end && end - begin <= 64);
      if (end == n) last_length = end - begin;
      for (int64_t i = begin; i < end; ++i) ++seen[static_cast<size_t>(i)];
    });
    for (const auto& count : seen) EXPECT_EQ(count, 1);
    if (GetParam() > 1) {
      EXPECT_LE(last_length, 4);
    }
  }
}

TEST_P(ThreadPoolTest, ManyShortRunsEachSeeTheOneBefore) {
  ThreadPool pool(GetParam());
  std::vector<int64_t> values(256, 0);
  for (int round = 0; round < 2000; ++round) {
    pool.parallel_for(256, 16, [&](int64_t begin, int64_t end) {
      // Reads what other threads wrote in the round before: a missing barrier is a wrong sum (or a race
      // report).
      for (int64_t i = begin; i < end; ++i) values[static_cast<size_t>(i)] += 1;
    });
    ASSERT_EQ(std::accumulate(values.begin(), values.end(), int64_t{0}), 256 * (round + 1));
  }
}

TEST_P(ThreadPoolTest, WakesUpAfterIdling) {
  ThreadPool pool(GetParam());
  for (int round = 0; round < 5; ++round) {
    std::atomic<int> calls{0};
    pool.run([&](int) { ++calls; });
    EXPECT_EQ(calls, GetParam());
    std::this_thread::sleep_for(std::chrono::milliseconds(20));  // well past spinning: the workers sleep
  }
}

TEST_P(ThreadPoolTest, WaitsForASlowThread) {
  ThreadPool pool(GetParam());
  std::atomic<int> finished{0};
  const int last = GetParam() - 1;
  pool.run([&](int thread) {
    if (thread == last) std::this_thread::sleep_for(std::chrono::milliseconds(30));
    ++finished;
  });
  EXPECT_EQ(finished, GetParam());
}

// Rounds that are over before a sleeping worker wakes: it must find each closed, or take part in all of it.
TEST_P(ThreadPoolTest, LateWorkersFindTheRoundClosedOrTakePart) {
  ThreadPool pool(GetParam());
  int64_t total = 0;
  for (int round = 0; round < 300; ++round) {
    if (round % 10 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
    std::vector<int64_t> sums(3);  // gone when the call returns: a late worker would write to what is not there
    pool.parallel_for(3, 1, [&](int64_t begin, int64_t) { sums[static_cast<size_t>(begin)] = begin + round; });
    total += sums[0] + sums[1] + sums[2];
  }
  EXPECT_EQ(total, 300 * 3 + 3 * 299 * 300 / 2);
}

TEST_P(ThreadPoolTest, StartsAndStopsWithoutWork) {
  for (int i = 0; i < 50; ++i) ThreadPool pool(GetParam());
}

INSTANTIATE_TEST_SUITE_P(Threads, ThreadPoolTest, testing::Values(1, 2, 4, 7), testing::PrintToStringParamName());

TEST(ThreadPool, AvailableCoresIsAtLeastOne) { EXPECT_GE(available_cores(), 1); }

TEST(ThreadPoolDeathTest, NoThreadsOrNoPieceIsOurMistake) {
  testing::GTEST_FLAG(death_test_style) = "threadsafe";
  EXPECT_DEATH(ThreadPool(0), "n_threads >= 1");
  EXPECT_DEATH(ThreadPool(1).parallel_for(4, 0, [](int64_t, int64_t) {}), "piece > 0");
}

TEST(FunctionRef, CallsWhatItBorrows) {
  int total = 0;
  auto add = [&total](int n) { return total += n; };
  const FunctionRef<int(int)> ref = add;
  EXPECT_EQ(ref(2), 2);
  const FunctionRef<int(int)> copy = ref;
  EXPECT_EQ(copy(3), 5);
  // Move-only arguments go through.
  auto take = [](std::unique_ptr<int> p) { return *p; };
  const FunctionRef<int(std::unique_ptr<int>)> taker = take;
  EXPECT_EQ(taker(std::make_unique<int>(4)), 4);
}

}  // namespace
}  // namespace hermes
