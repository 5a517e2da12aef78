// Collective: what processes that train one model together say to each other. Every rank makes the same calls in the
// same order; each call returns when this rank has its result.
//
// Goals: the trainer does not know whether it is alone. Non-goals: point-to-point messages, overlap with arithmetic.
// A lost peer ends the run (MPI aborts all ranks); a checkpoint is how it goes on.
#pragma once

#include <cstddef>
#include <memory>
#include <span>

#include "base/result.h"

namespace hermes::collective {

class Collective {
 public:
  virtual ~Collective() = default;
  virtual int rank() const = 0;  // 0 to size() - 1
  virtual int size() const = 0;

  // values[i] becomes the sum over ranks, the same bits on every rank; every rank brings as many values.
  virtual void all_reduce_sum(std::span<float> values) = 0;
  virtual void all_reduce_sum(std::span<double> values) = 0;
  // Every rank gets what rank `root` brings.
  virtual void broadcast(std::span<std::byte> bytes, int root) = 0;
  virtual void barrier() = 0;
};

// One process: every call is done at once.
std::unique_ptr<Collective> make_single();

// Joins the ranks that mpirun started; leaves them when destroyed. Once per process. Unsupported in a build without MPI.
Result<std::unique_ptr<Collective>> make_mpi();

// What happened on one rank, made known to all: the rank's own error where it has one, else an error where another rank
// has. Without it the others would wait for a rank that has gone.
Status agree(Collective& collective, Status own);

}  // namespace hermes::collective
