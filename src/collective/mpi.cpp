#define OMPI_SKIP_MPICXX 1  // the C interface alone
#define MPICH_SKIP_MPICXX 1
#include <mpi.h>

#include <algorithm>

#include "collective/collective.h"

namespace hermes::collective {
namespace {

// MPI counts with an int; a piece is far below its limit.
constexpr size_t kMostPerCall = size_t{1} << 28;

// Errors of MPI itself end all ranks (MPI_ERRORS_ARE_FATAL, the default): there is no going on without a peer.
class Mpi final : public Collective {
 public:
  Mpi() {
    MPI_Comm_rank(MPI_COMM_WORLD, &rank_);
    MPI_Comm_size(MPI_COMM_WORLD, &size_);
  }
  ~Mpi() override { MPI_Finalize(); }
  Mpi(const Mpi&) = delete;
  Mpi& operator=(const Mpi&) = delete;

  int rank() const override { return rank_; }
  int size() const override { return size_; }
  void all_reduce_sum(std::span<float> values) override { sum(values, MPI_FLOAT); }
  void all_reduce_sum(std::span<double> values) override { sum(values, MPI_DOUBLE); }
  void broadcast(std::span<std::byte> bytes, int root) override { send(bytes, MPI_BYTE, root); }
  void barrier() override { MPI_Barrier(MPI_COMM_WORLD); }

 private:
  // Summed on one rank and sent to all: MPI_Allreduce does not promise every rank the same bits.
  template <class T>
  void sum(std::span<T> values, MPI_Datatype type) {
    for (std::span<T> left = values; !left.empty();) {
      const std::span<T> piece = left.first(std::min(left.size(), kMostPerCall));
      MPI_Reduce(rank_ == 0 ? MPI_IN_PLACE : piece.data(), piece.data(), static_cast<int>(piece.size()), type, MPI_SUM,
                 0, MPI_COMM_WORLD);
      left = left.subspan(piece.size());
    }
    send(values, type, 0);
  }
  template <class T>
  void send(std::span<T> values, MPI_Datatype type, int root) {
    for (std::span<T> left = values; !left.empty();) {
      const std::span<T> piece = left.first(std::min(left.size(), kMostPerCall));
      MPI_Bcast(piece.data(), static_cast<int>(piece.size()), type, root, MPI_COMM_WORLD);
      left = left.subspan(piece.size());
    }
  }

  int rank_ = 0, size_ = 1;
};

}  // namespace

Result<std::unique_ptr<Collective>> make_mpi() {
  int initialised = 0, provided = 0;
  MPI_Initialized(&initialised);
  HERMES_CHECK(initialised == 0, "make_mpi() a second time");
  if (MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided) != MPI_SUCCESS) {
    return Error::io("MPI could not be started");
  }
  return std::unique_ptr<Collective>(std::make_unique<Mpi>());
}

}  // namespace hermes::collective
