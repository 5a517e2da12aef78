#include "collective/collective.h"

namespace hermes::collective {

Status agree(Collective& collective, Status own) {
  double failed = own.ok() ? 0 : 1;
  collective.all_reduce_sum(std::span(&failed, 1));
  if (!own.ok() || failed == 0) return own;
  return Error(ErrorCode::kCancelled, fmt::format("stopped: {} of {} ranks failed", failed, collective.size()));
}

}  // namespace hermes::collective
