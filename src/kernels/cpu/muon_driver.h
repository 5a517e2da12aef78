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
  // `pool` is borrowed.
  MuonDriver(ThreadPool& pool, CpuIsa isa);

  // Small matrices go to one thread each, the largest first; large ones are shared by all threads, one after another.
  // The bits are the same both ways. Working memory: four matrices at most (two of R x C, two of C x C), of the largest
  // large one and, in each thread, of the largest small one (below 64 MiB).
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

  Team all_;
  std::vector<std::unique_ptr<Alone>> each_;  // by thread
};

}  // namespace hermes::kernels
