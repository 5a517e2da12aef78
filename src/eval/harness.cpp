#include "eval/harness.h"

#include <chrono>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <optional>
#include <thread>

#include "chat/reply.h"

namespace hermes::eval {
namespace {

struct Answered {
  size_t index;
  Answer answer;
};

// Answers on their way from the generating threads to the scoring one.
class Queue {
 public:
  void push(Answered answered) {
    {
      const std::lock_guard lock(mutex_);
      items_.push_back(std::move(answered));
    }
    ready_.notify_one();
  }
  void close() {
    {
      const std::lock_guard lock(mutex_);
      closed_ = true;
    }
    ready_.notify_one();
  }
  std::optional<Answered> pop() {  // nullopt: closed and empty
    std::unique_lock lock(mutex_);
    ready_.wait(lock, [&] { return closed_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    Answered first = std::move(items_.front());
    items_.pop_front();
    return first;
  }

 private:
  std::mutex mutex_;
  std::condition_variable ready_;
  std::deque<Answered> items_;
  bool closed_ = false;
};

Result<Answer> answer(const Case& asked, generate::Generator& generator, const Render& render,
                      const HarnessOptions& options) {
  HERMES_ASSIGN(std::string prompt, render(asked));
  const generate::Request request{.prompt = std::move(prompt),
                                  .add_special = false,
                                  .max_tokens = options.max_tokens,
                                  .sampling = options.sampling,
                                  .cancel = options.cancel};
  Answer out;
  std::string error;
  HERMES_TRY(generator.generate(request, [&](const generate::Event& event) {
    if (const auto* delta = std::get_if<generate::TextDelta>(&event)) out.text += delta->text;
    if (const auto* finished = std::get_if<generate::Finished>(&event)) {
      out.reason = finished->reason;
      out.tokens = finished->usage.completion_tokens;
      error = finished->error;
    }
  }));
  if (out.reason == generate::FinishReason::kError) return Error::corrupt("case {}: {}", asked.id, error);
  return out;
}

}  // namespace

Result<HarnessResult> run_cases(std::span<const Case> cases, std::span<generate::Generator* const> generators,
                                const Render& render, const HarnessOptions& options) {
  const auto start = std::chrono::steady_clock::now();
  Queue queue;
  std::atomic<size_t> next{0};
  std::atomic<bool> stop{false};
  std::mutex failure_mutex;
  std::optional<Error> failure;
  const auto cancelled = [&] { return options.cancel != nullptr && options.cancel->load(); };

  std::vector<std::thread> workers;
  for (generate::Generator* generator : generators) {
    workers.emplace_back([&, generator] {
      while (!stop.load() && !cancelled()) {
        const size_t index = next.fetch_add(1);
        if (index >= cases.size()) return;
        Result<Answer> given = answer(cases[index], *generator, render, options);
        if (!given.ok()) {
          const std::lock_guard lock(failure_mutex);
          if (!failure) failure = given.error();
          stop = true;
          return;
        }
        if (given->reason != generate::FinishReason::kCancelled) queue.push({index, *std::move(given)});
      }
    });
  }
  HarnessResult result;
  std::thread scorer([&] {
    int64_t done = 0;
    while (std::optional<Answered> answered = queue.pop()) {
      const Case& asked = cases[answered->index];
      Answer& given = answered->answer;
      given.verdict = given.reason == generate::FinishReason::kLength
                          ? verify::Verdict::fail("the answer did not end")
                          : asked.verifier->judge(chat::parse_reply(given.text, asked.think_left_open));
      result.scores.add(asked.thinking ? "think" : "direct", asked.family, asked.level, given.verdict.passed());
      result.tokens += given.tokens;
      if (options.judged) options.judged(asked, given, ++done, static_cast<int64_t>(cases.size()));
    }
  });
  for (std::thread& worker : workers) worker.join();
  queue.close();
  scorer.join();
  if (failure) return *std::move(failure);
  if (cancelled()) return Error(ErrorCode::kCancelled, "stopped");
  result.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
  return result;
}

}  // namespace hermes::eval
