#include "collective/collective.h"

namespace hermes::collective {

Result<std::unique_ptr<Collective>> make_mpi() {
  return Error::unsupported("this hermes was built without MPI: install libopenmpi-dev and build again");
}

}  // namespace hermes::collective
