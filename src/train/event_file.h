// TensorBoard event files: scalars that `tensorboard --logdir RUN` draws.
//
// A file is TFRecords, each: 8 bytes length, 4 bytes masked CRC of them, the data, 4 bytes masked CRC of it; all little
// endian. The CRC is CRC-32C (Castagnoli; RFC 3720, appendix B.4), masked as ((crc >> 15) | (crc << 17)) + 0xa282ead8.
// The data is a protocol buffer tensorflow.Event, of which we write: 1 wall_time (double), 2 step (int64),
// 3 file_version (string) or 5 summary {1 value {1 tag (string), 2 simple_value (float)}}.
#pragma once

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>

#include "base/result.h"

namespace hermes::train {

uint32_t crc32c(std::string_view bytes);
std::string tf_record(std::string_view data);

struct Scalar {
  std::string_view tag;
  float value = 0;
};
// The Event that opens every file, and one with scalars.
std::string version_event(double wall_time);
std::string scalars_event(double wall_time, int64_t step, std::span<const Scalar> scalars);

class EventFile {
 public:
  // events.out.tfevents.SECONDS.hermes in `folder`. A resumed run begins another file, as TensorBoard expects.
  static Result<EventFile> create(const std::filesystem::path& folder, double wall_time);
  Status add(double wall_time, int64_t step, std::span<const Scalar> scalars);

 private:
  struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); }
  };
  EventFile(std::filesystem::path path, std::unique_ptr<std::FILE, Close> file)
      : path_(std::move(path)), file_(std::move(file)) {}
  Status write(const std::string& event);

  std::filesystem::path path_;
  std::unique_ptr<std::FILE, Close> file_;
};

}  // namespace hermes::train
