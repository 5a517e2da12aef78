// A synthesis run: walks the graph for every record of a recipe and writes train.jsonl.zst, test.jsonl.zst, report.json
// and report.txt into the output folder.
//
// Record i is a function of the recipe and i alone, so threads and interruptions change nothing. Work is kept in parts
// that are complete or absent; a run that was stopped goes on after its last part. The files themselves are written at
// the end, whole. A record whose messages were seen before (same text) is a duplicate and is left out.
#pragma once

#include <atomic>
#include <functional>

#include "base/thread_pool.h"
#include "synth/node.h"
#include "synth/recipe.h"
#include "synth/report.h"

namespace hermes::synth {

struct RunProgress {
  int64_t done = 0, total = 0;  // records drawn
  int64_t resumed = 0;          // of them in parts of an earlier run
};

struct RunOptions {
  std::string output;  // folder; made where absent
  bool fresh = false;  // forget what an earlier run left
  const std::atomic<bool>* cancel = nullptr;
  std::function<void(const RunProgress&)> progress{};
};

struct RunResult {
  Report report{};
  uint64_t data_hash = 0;     // of the text of train.jsonl, then test.jsonl
  bool was_complete = false;  // nothing had to be done
};

// kCancelled where `cancel` was set: what was done is kept.
Result<RunResult> run_synthesis(const Recipe& recipe, const Node& graph, ThreadPool& pool, const RunOptions& options);

}  // namespace hermes::synth
