// What is known of a half-written file (OUT.part), beside it as OUT.part.json: what it was made from, and how its complete
// tensors came out. Inside the folder only.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/result.h"
#include "quantize/quantize.h"

namespace hermes::quantize {

class Journal {
 public:
  explicit Journal(const std::filesystem::path& out);

  // How many tensors are complete of work with this fingerprint, their errors filled in; 0 where there is no such work,
  // or none that can be read.
  size_t read(const std::string& fingerprint, std::vector<TensorReport>& tensors) const;
  Status write(const std::string& fingerprint, const std::vector<TensorReport>& tensors, size_t n_done) const;
  void remove() const;

 private:
  std::filesystem::path part_, path_;
};

}  // namespace hermes::quantize
