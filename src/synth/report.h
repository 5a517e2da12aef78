// What a synthesis made: counts by family, level, mode and split, what was taken off and why, lengths.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "base/json.h"
#include "base/result.h"

namespace hermes::synth {

class Report {
 public:
  struct Kept {
    std::string_view family, mode, split;
    int64_t level = 0;
    int64_t characters = 0;  // of all messages
  };
  void add_kept(const Kept& record);
  void add_duplicate(std::string_view family) { ++duplicates_[std::string(family)]; }
  void add_discarded(std::string_view family, std::string_view why);
  void add(const Report& other);

  int64_t kept() const;
  int64_t duplicates() const;
  int64_t discarded() const;

  json::object to_json() const;
  static Result<Report> from_json(const json::value& value, const std::string& what);
  std::string text() const;  // a table, for people

 private:
  // Lengths are counted in buckets of kBucket characters.
  static constexpr int64_t kBucket = 20;
  std::map<std::string, int64_t> kept_;                        // "family/level/mode/split"
  std::map<std::string, int64_t> duplicates_;                  // "family"
  std::map<std::string, int64_t> discarded_;                   // "family: why"
  std::map<std::string, std::map<int64_t, int64_t>> lengths_;  // by mode: bucket, count
};

}  // namespace hermes::synth
