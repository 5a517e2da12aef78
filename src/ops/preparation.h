// A weight that is being copied to the order in which linear() reads it fastest (Backend::prepare).
#pragma once

#include <cstdint>

namespace hermes::ops {

// For as long as it lives, linear() takes the rows that are copied from the copy, and the others from the weight, with the
// same bits. It may outlive the backend.
class Preparation {
 public:
  Preparation() = default;
  virtual ~Preparation() = default;
  Preparation(const Preparation&) = delete;
  Preparation& operator=(const Preparation&) = delete;

  // Copies some more rows, some MB of them, on the calling thread, and returns how many are copied, from the first on: all of
  // N when it is done, and then at each further call. From any thread, beside linear() on others.
  virtual int64_t advance() = 0;
};

}  // namespace hermes::ops
