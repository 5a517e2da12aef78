#include "synth/run.h"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <filesystem>
#include <optional>
#include <unordered_set>

#include "base/compressed_file.h"
#include "base/file.h"
#include "base/hash.h"
#include "synth/problem.h"

namespace hermes::synth {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostPartBytes = size_t{4} << 30;

// One walk's end.
struct Drawn {
  json::object record{};  // empty where it was discarded
  std::string family;
  std::string discarded{};
  bool test = false;
  uint64_t text_hash = 0;  // of mode, messages and tools
  int64_t characters = 0;
};

// A finished part: its lines, and what later parts and the report need to know of it.
struct Part {
  std::string train, test;  // JSONL
  std::vector<uint64_t> text_hashes;
  Report report;
};

Status write_file(const fs::path& path, std::string_view text) {
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path));
  HERMES_TRY(file.write(text));
  return file.commit();
}

// Takes off the first `n` questions with their answers.
void without_history(json::array& messages, size_t n) {
  const auto first = messages.begin() + (messages.front().at("role").as_string() == "system" ? 1 : 0);
  messages.erase(first, first + static_cast<std::ptrdiff_t>(2 * n));
}

Result<Drawn> draw(const Recipe& recipe, const Node& graph, int64_t index) {
  Dice dice(recipe.seed, static_cast<uint64_t>(index));
  std::vector<double> weights;
  for (const FamilyShare& share : recipe.families) weights.push_back(share.weight);
  const FamilyShare& share = recipe.families[dice.weighted(weights)];
  State state{{"family", share.family}, {"level", static_cast<int64_t>(dice.weighted(share.levels)) + 1}};
  Walk walk{.dice = dice};
  HERMES_ASSIGN(const Step step, graph.run(state, walk));
  Drawn drawn{.family = share.family};
  if (step == Step::kDiscard) {
    drawn.discarded = std::string(state.at("discarded").as_string());
    return drawn;
  }
  const uint64_t problem_hash = hash64(state.at("key").as_string());
  drawn.test = is_held_out(state.at("key").as_string(), recipe.test_per_mille);
  drawn.record = {{"id", fmt::format("{:08}", index)},
                  {"split", drawn.test ? "test" : "train"},
                  {"problem", fmt::format("{:016x}", problem_hash)}};
  uint64_t text = kHashSeed;
  for (auto& member : state.at("record").as_object()) {
    const std::string_view name = member.key();
    // What was said before does not make a problem another one.
    json::value own = member.value();
    if (name == "messages") without_history(own.get_array(), state.at("history").get_array().size());
    if (name == "messages" || name == "tools" || name == "mode") text = hash_state(to_json_text(own), text);
    drawn.record[name] = std::move(member.value());
  }
  for (const json::value& message : drawn.record.at("messages").as_array()) {
    drawn.characters += static_cast<int64_t>(message.at("content").as_string().size());
  }
  drawn.text_hash = finish_hash(text);
  return drawn;
}

Result<Part> make_part(const Recipe& recipe, const Node& graph, ThreadPool& pool, int64_t begin, int64_t end,
                       std::unordered_set<uint64_t>& seen) {
  std::vector<std::optional<Result<Drawn>>> all(static_cast<size_t>(end - begin));
  pool.parallel_for(end - begin, 64, [&](int64_t from, int64_t to) {
    for (int64_t i = from; i < to; ++i) all[static_cast<size_t>(i)].emplace(draw(recipe, graph, begin + i));
  });
  Part part;
  for (std::optional<Result<Drawn>>& result : all) {
    HERMES_ASSIGN(const Drawn drawn, std::move(*result));
    if (drawn.record.empty()) {
      part.report.add_discarded(drawn.family, drawn.discarded);
    } else if (!seen.insert(drawn.text_hash).second) {
      part.report.add_duplicate(drawn.family);
    } else {
      part.text_hashes.push_back(drawn.text_hash);
      part.report.add_kept({.family = drawn.family,
                            .mode = drawn.record.at("mode").as_string(),
                            .split = drawn.test ? "test" : "train",
                            .level = drawn.record.at("level").as_int64(),
                            .characters = drawn.characters});
      (drawn.test ? part.test : part.train) += to_json_text(drawn.record) + "\n";
    }
  }
  return part;
}

// Part files: parts/000012.{train,test}.jsonl.zst, and 000012.json, written last, that says the part is there.
class PartFiles {
 public:
  PartFiles(fs::path folder, uint64_t fingerprint) : folder_(std::move(folder)), fingerprint_(fingerprint) {}

  fs::path path(int64_t index, std::string_view ending) const {
    return folder_ / fmt::format("{:06}.{}", index, ending);
  }

  Status write(int64_t index, const Part& part) const {
    HERMES_TRY(write_file(path(index, "train.jsonl.zst"), compress_zst(part.train)));
    HERMES_TRY(write_file(path(index, "test.jsonl.zst"), compress_zst(part.test)));
    json::array hashes;
    for (const uint64_t hash : part.text_hashes) hashes.push_back(hash);
    const json::object summary{{"recipe", fmt::format("{:016x}", fingerprint_)},
                               {"report", part.report.to_json()},
                               {"text_hashes", std::move(hashes)}};
    return write_file(path(index, "json"), to_json_text(summary));
  }

  // Takes a part of an earlier run; false where there is none.
  Result<bool> take(int64_t index, Report& report, std::unordered_set<uint64_t>& seen) const {
    const std::string file = path(index, "json").string();
    if (!fs::exists(file)) return false;
    HERMES_ASSIGN(const json::value value, read_json_file(file, kMostPartBytes));
    HERMES_ASSIGN(const JsonObject summary, JsonObject::from(value, file));
    HERMES_ASSIGN(const std::string recipe, summary.string("recipe"));
    if (recipe != fmt::format("{:016x}", fingerprint_)) {
      return Error::invalid("{}: made by another recipe; give --fresh to begin anew, or another --out", file);
    }
    HERMES_ASSIGN(const JsonObject part_report, summary.object("report"));
    HERMES_ASSIGN(const Report part, Report::from_json(part_report.raw(), file));
    const json::value* hashes = summary.find("text_hashes");
    if (hashes == nullptr || !hashes->is_array()) return Error::corrupt("{}: \"text_hashes\" must be a list", file);
    for (const json::value& hash : hashes->get_array()) {
      boost::system::error_code not_a_number;
      seen.insert(hash.to_number<uint64_t>(not_a_number));
      if (not_a_number) return Error::corrupt("{}: \"text_hashes\" holds something that is no hash", file);
    }
    report.add(part);
    return true;
  }

 private:
  fs::path folder_;
  uint64_t fingerprint_;
};

// Joins the parts' frames and hashes their text.
Status join(const PartFiles& parts, int64_t n_parts, std::string_view split, const fs::path& target, int64_t most_lines,
            uint64_t& state) {
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(target));
  int64_t lines = 0;
  for (int64_t index = 0; index < n_parts; ++index) {
    const std::string path = parts.path(index, fmt::format("{}.jsonl.zst", split)).string();
    HERMES_ASSIGN(std::string text, read_text_or_zst(path, kMostPartBytes));
    if (most_lines >= 0) {
      size_t end = 0;
      while (end < text.size() && lines < most_lines) end = text.find('\n', end) + 1, ++lines;
      text.resize(end);
    }
    state = hash_state(text, state);
    HERMES_TRY(file.write(compress_zst(text)));
  }
  return file.commit();
}

Result<std::optional<RunResult>> read_finished(const fs::path& path, uint64_t fingerprint) {
  if (!fs::exists(path)) return std::optional<RunResult>();
  const std::string file = path.string();
  HERMES_ASSIGN(const json::value value, read_json_file(file, kMostPartBytes));
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(value, file));
  HERMES_ASSIGN(const std::string recipe, object.string("recipe"));
  if (recipe != fmt::format("{:016x}", fingerprint)) {
    return Error::invalid("{}: made by another recipe; give --fresh to replace it, or another --out", file);
  }
  RunResult result{.was_complete = true};
  HERMES_ASSIGN(const std::string hash, object.string("data_hash"));
  result.data_hash = std::strtoull(hash.c_str(), nullptr, 16);
  HERMES_ASSIGN(const JsonObject report, object.object("report"));
  HERMES_ASSIGN(result.report, Report::from_json(report.raw(), file));
  return std::optional<RunResult>(std::move(result));
}

}  // namespace

Result<RunResult> run_synthesis(const Recipe& recipe, const Node& graph, ThreadPool& pool, const RunOptions& options) {
  const fs::path folder = options.output;
  const fs::path parts_folder = folder / "parts";
  std::error_code failed;
  if (options.fresh) {
    fs::remove_all(parts_folder, failed);
    fs::remove(folder / "report.json", failed);
  }
  fs::create_directories(parts_folder, failed);
  if (failed) return Error::io("{}: cannot be made: {}", parts_folder.string(), failed.message());
  HERMES_ASSIGN(std::optional<RunResult> finished, read_finished(folder / "report.json", recipe.fingerprint));
  if (finished) return *std::move(finished);

  const PartFiles files(parts_folder, recipe.fingerprint);
  const int64_t n_parts = (recipe.records + recipe.part_size - 1) / recipe.part_size;
  std::unordered_set<uint64_t> seen;
  RunResult result;
  RunProgress progress{.total = recipe.records};
  for (int64_t index = 0; index < n_parts; ++index) {
    if (options.cancel != nullptr && options.cancel->load()) {
      return Error(ErrorCode::kCancelled,
                   fmt::format("stopped after {} of {} records; the same command goes on from there", progress.done,
                               progress.total));
    }
    const int64_t begin = index * recipe.part_size, end = std::min(recipe.records, begin + recipe.part_size);
    HERMES_ASSIGN(const bool taken, files.take(index, result.report, seen));
    if (taken) {
      progress.resumed = end;
    } else {
      HERMES_ASSIGN(const Part part, make_part(recipe, graph, pool, begin, end, seen));
      HERMES_TRY(files.write(index, part));
      result.report.add(part.report);
    }
    progress.done = end;
    if (options.progress) options.progress(progress);
  }

  uint64_t state = kHashSeed;
  HERMES_TRY(join(files, n_parts, "train", folder / "train.jsonl.zst", -1, state));
  HERMES_TRY(join(files, n_parts, "test", folder / "test.jsonl.zst", recipe.most_test_records, state));
  result.data_hash = finish_hash(state);
  HERMES_TRY(write_file(folder / "report.txt", result.report.text()));
  const json::object summary{{"recipe", fmt::format("{:016x}", recipe.fingerprint)},
                             {"data_hash", fmt::format("{:016x}", result.data_hash)},
                             {"report", result.report.to_json()}};
  HERMES_TRY(write_file(folder / "report.json", to_pretty_json_text(summary)));
  fs::remove_all(parts_folder, failed);
  return result;
}

}  // namespace hermes::synth
