#include "model/prepare_weights.h"

#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <vector>

#include "base/thread_priority.h"

namespace hermes::model {
namespace {

// The matrices of linear(); an embedding that is no output matrix is read by rows.
template <class Visit>
void for_each_matrix(const Weights& weights, const Visit& visit) {
  const auto offer = [&](const ConstTensorView& weight) {
    if (is_block_type(weight.dtype)) visit(weight);
  };
  for (const LayerWeights& layer : weights.layers) {
    for (const Projection* projection :
         {&layer.q, &layer.k, &layer.v, &layer.out, &layer.gate, &layer.up, &layer.down}) {
      offer(projection->weight);
    }
  }
  offer(weights.output);
}

}  // namespace

int64_t bytes_to_prepare(const Weights& weights) {
  int64_t bytes = 0;
  for_each_matrix(weights, [&](const ConstTensorView& weight) { bytes += static_cast<int64_t>(weight.bytes()); });
  return bytes;
}

class WeightPreparation::Work {
 public:
  Work(const Weights& weights, ops::Backend& backend) : backend_(backend), source_(weights.source) {
    for_each_matrix(weights, [&](const ConstTensorView& weight) { matrices_.push_back(weight); });
    thread_ = std::thread([this] {
      lower_thread_priority();
      while (copy_next({})) {
      }
    });
  }
  ~Work() {
    stop_ = true;
    thread_.join();
  }
  Work(const Work&) = delete;
  Work& operator=(const Work&) = delete;

  void finish(const std::function<void(int64_t bytes)>& progress) {
    while (copy_next(progress)) {
    }
    std::unique_lock lock(mutex_);
    all_copied_.wait(lock, [&] { return n_copied_ == matrices_.size(); });
    if (progress) progress(bytes_);
  }

 private:
  // Copies a matrix that nobody has begun; false where there is none.
  bool copy_next(const std::function<void(int64_t bytes)>& progress) {
    std::shared_ptr<ops::Preparation> copy;
    size_t at = 0;
    {
      const std::lock_guard lock(mutex_);
      if (stop_ || n_begun_ == matrices_.size()) return false;
      at = n_begun_++;
      copy = backend_.prepare(matrices_[at]);
      if (copy) copies_.push_back(copy);
    }
    const ConstTensorView& weight = matrices_[at];
    const auto row_bytes = static_cast<int64_t>(bytes_of(weight.dtype, weight.shape[1]));
    for (int64_t row = 0; row < weight.shape[0] && !stop_;) {
      const int64_t end = copy ? copy->advance() : weight.shape[0];
      if (source_ && copy) {
        source_->let_go({weight.as<std::byte>() + row * row_bytes, weight.dtype, {end - row, weight.shape[1]}});
      }
      bytes_ += (end - row) * row_bytes;
      row = end;
      if (progress) progress(bytes_);
    }
    const std::lock_guard lock(mutex_);
    if (++n_copied_ == matrices_.size()) all_copied_.notify_all();
    return true;
  }

  ops::Backend& backend_;
  std::shared_ptr<const formats::TensorSource> source_;
  std::vector<ConstTensorView> matrices_;  // in the order in which a token meets them
  std::vector<std::shared_ptr<ops::Preparation>> copies_;
  size_t n_begun_ = 0, n_copied_ = 0;
  std::atomic<int64_t> bytes_{0};
  std::atomic<bool> stop_{false};
  std::mutex mutex_;
  std::condition_variable all_copied_;
  std::thread thread_;
};

WeightPreparation::WeightPreparation(const Weights& weights, ops::Backend& backend)
    : work_(std::make_unique<Work>(weights, backend)) {}
WeightPreparation::~WeightPreparation() = default;
void WeightPreparation::finish(const std::function<void(int64_t bytes)>& progress) { work_->finish(progress); }

}  // namespace hermes::model
