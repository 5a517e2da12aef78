// Muon on the CPU (ops/muon.h). Its products are those of linear_backward, on the matrix or its transpose, whichever is
// tall: with X [R, C], R >= C, a step is X <- X (a I + b G + c G^2), G = X^T X.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "kernels/cpu/cpu_context.h"
#include "ops/muon.h"

namespace hermes::kernels {

class MuonDriver {
 public:
  // Above so many elements a matrix has work for all threads, and is too large for each thread to have its own four.
  static constexpr int64_t kSmall = int64_t{1} << 22;

  // `pool` is borrowed.
  MuonDriver(ThreadPool& pool, CpuIsa isa, int64_t small = kSmall);

  // Matrices of up to `small` elements go to one thread each, the largest first; larger ones are shared by all threads,
  // one after another. The bits are the same both ways. Working memory: the size of four matrices at most (two of R x C,
  // two of C x C), of the largest large one and, in each thread, of the largest small one (64 MiB at most).
  void run(std::span<const ops::MuonArgs> matrices);

 private:
  struct Team {  // threads that work on one matrix
    CpuContext context;
    Scratch memory;
  };
  struct Alone {  // a team of one
    ThreadPool caller{1};
    Team team;
    explicit Alone(CpuIsa isa) : team{CpuContext(caller, isa), {}} {}
  };
  static void update(Team& team, const ops::MuonArgs& args);

  int64_t small_;
  Team all_;
  std::vector<std::unique_ptr<Alone>> each_;  // by thread
};

}  // namespace hermes::kernels
