#include "synth/report.h"

#include <fmt/format.h>

#include <array>
#include <boost/json.hpp>

namespace hermes::synth {
namespace {

using Counts = std::map<std::string, int64_t>;

int64_t total(const Counts& counts) {
  int64_t sum = 0;
  for (const auto& [name, n] : counts) sum += n;
  return sum;
}
json::object to_object(const Counts& counts) {
  json::object object;
  for (const auto& [name, n] : counts) object[name] = n;
  return object;
}
Status read_counts(const JsonObject& object, Counts& counts) {
  for (const auto& member : object.raw()) {
    HERMES_ASSIGN(counts[std::string(member.key())], object.integer(member.key()));
  }
  return {};
}

}  // namespace

void Report::add_kept(const Kept& r) {
  ++kept_[fmt::format("{}/{}/{}/{}", r.family, r.level, r.mode, r.split)];
  ++lengths_[std::string(r.mode)][r.characters / kBucket];
}

void Report::add_discarded(std::string_view family, std::string_view why) {
  ++discarded_[fmt::format("{}: {}", family, why.substr(0, 120))];
}

void Report::add(const Report& other) {
  for (const auto& [name, n] : other.kept_) kept_[name] += n;
  for (const auto& [name, n] : other.duplicates_) duplicates_[name] += n;
  for (const auto& [name, n] : other.discarded_) discarded_[name] += n;
  for (const auto& [mode, buckets] : other.lengths_) {
    for (const auto& [bucket, n] : buckets) lengths_[mode][bucket] += n;
  }
}

int64_t Report::kept() const { return total(kept_); }
int64_t Report::duplicates() const { return total(duplicates_); }
int64_t Report::discarded() const { return total(discarded_); }

json::object Report::to_json() const {
  json::object lengths;
  for (const auto& [mode, buckets] : lengths_) {
    json::object counts;
    for (const auto& [bucket, n] : buckets) counts[fmt::format("{}", bucket * kBucket)] = n;
    lengths[mode] = std::move(counts);
  }
  return {{"kept", to_object(kept_)},
          {"duplicates", to_object(duplicates_)},
          {"discarded", to_object(discarded_)},
          {"characters", std::move(lengths)}};
}

Result<Report> Report::from_json(const json::value& value, const std::string& what) {
  Report report;
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, what));
  HERMES_ASSIGN(const JsonObject kept, object.object("kept"));
  HERMES_TRY(read_counts(kept, report.kept_));
  HERMES_ASSIGN(const JsonObject duplicates, object.object("duplicates"));
  HERMES_TRY(read_counts(duplicates, report.duplicates_));
  HERMES_ASSIGN(const JsonObject discarded, object.object("discarded"));
  HERMES_TRY(read_counts(discarded, report.discarded_));
  HERMES_ASSIGN(const JsonObject lengths, object.object("characters"));
  for (const auto& member : lengths.raw()) {
    HERMES_ASSIGN(const JsonObject buckets, lengths.object(member.key()));
    Counts counts;
    HERMES_TRY(read_counts(buckets, counts));
    for (const auto& [bucket, n] : counts) {
      report.lengths_[std::string(member.key())][std::strtoll(bucket.c_str(), nullptr, 10) / kBucket] = n;
    }
  }
  return report;
}

std::string Report::text() const {
  // family -> {train think, train direct, test think, test direct}
  std::map<std::string, std::array<int64_t, 4>> rows;
  for (const auto& [name, n] : kept_) {
    const size_t family_end = name.find('/'), level_end = name.find('/', family_end + 1);
    auto& row =
        rows[fmt::format("{} {}", name.substr(0, family_end), name.substr(family_end + 1, level_end - family_end - 1))];
    row[(name.ends_with("/test") ? 2U : 0U) + (name.find("/direct/") != std::string::npos ? 1U : 0U)] += n;
  }
  std::string out = fmt::format("{:<18}{:>14}{:>14}{:>14}{:>14}\n", "family, level", "train think", "train direct",
                                "test think", "test direct");
  std::array<int64_t, 4> sum{};
  for (const auto& [name, row] : rows) {
    out += fmt::format("{:<18}{:>14}{:>14}{:>14}{:>14}\n", name, row[0], row[1], row[2], row[3]);
    for (size_t i = 0; i < 4; ++i) sum[i] += row[i];
  }
  out += fmt::format("{:<18}{:>14}{:>14}{:>14}{:>14}\n", "all", sum[0], sum[1], sum[2], sum[3]);
  out += fmt::format("{} duplicates, {} discarded\n", duplicates(), discarded());
  for (const auto& [why, n] : discarded_) out += fmt::format("  {:>6}  {}\n", n, why);
  for (const auto& [mode, buckets] : lengths_) {
    int64_t n = 0, seen = 0;
    for (const auto& [bucket, count] : buckets) n += count;
    std::array<int64_t, 3> quantiles{-1, -1, -1};
    constexpr std::array<double, 3> kShares{0.5, 0.95, 1.0};
    for (const auto& [bucket, count] : buckets) {
      seen += count;
      for (size_t i = 0; i < 3; ++i) {
        if (quantiles[i] < 0 && static_cast<double>(seen) >= kShares[i] * static_cast<double>(n)) {
          quantiles[i] = (bucket + 1) * kBucket;
        }
      }
    }
    out += fmt::format("characters, {}: half below {}, 95 % below {}, all below {}\n", mode, quantiles[0], quantiles[1],
                       quantiles[2]);
  }
  return out;
}

}  // namespace hermes::synth
