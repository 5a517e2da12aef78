#include "train/checkpoint.h"

#include <algorithm>
#include <boost/json.hpp>
#include <charconv>

#include "formats/safetensors_file.h"
#include "formats/safetensors_writer.h"

namespace hermes::train {
namespace {

constexpr size_t kKept = 2;
constexpr std::string_view kPrefix = "step-", kSuffix = ".safetensors";

struct Part {
  std::string name;
  Shape shape;
  std::span<float> values;
};
// All tensors of a checkpoint: their names there, and where the trainer has them.
std::vector<Part> parts(Trainer& trainer) {
  std::vector<Part> all;
  const auto add = [&](const char* prefix, FlatTensors& tensors, const FlatTensors::Entry& entry) {
    all.push_back({prefix + entry.name, entry.shape, tensors.values(entry)});
  };
  Optimizer& optimizer = trainer.optimizer();
  for (const FlatTensors::Entry& entry : trainer.parameters().entries()) add("parameter.", trainer.parameters(), entry);
  for (const FlatTensors::Entry& entry : optimizer.m().entries()) add("m.", optimizer.m(), entry);
  for (const FlatTensors::Entry& entry : optimizer.v().entries()) {
    if (optimizer.has_v(entry)) add("v.", optimizer.v(), entry);
  }
  return all;
}

std::optional<int64_t> step_of(const std::string& name) {
  if (!name.starts_with(kPrefix) || !name.ends_with(kSuffix)) return std::nullopt;
  const char *begin = name.data() + kPrefix.size(), *end = name.data() + name.size() - kSuffix.size();
  int64_t step = 0;
  const auto [stop, error] = std::from_chars(begin, end, step);
  return error == std::errc() && stop == end ? std::optional(step) : std::nullopt;
}

// Ascending by step.
Result<std::vector<std::pair<int64_t, std::filesystem::path>>> checkpoints(const std::filesystem::path& folder) {
  std::vector<std::pair<int64_t, std::filesystem::path>> found;
  std::error_code error;
  for (std::filesystem::directory_iterator it(folder, error), end; !error && it != end; it.increment(error)) {
    if (const auto step = step_of(it->path().filename())) found.emplace_back(*step, it->path());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return Error::io("{}: {}", folder.string(), error.message());
  }
  std::sort(found.begin(), found.end());
  return found;
}

std::string hex(uint64_t value) { return fmt::format("{:016x}", value); }

std::string joined(const std::vector<std::string>& names) {
  std::string out;
  for (const std::string& name : names) out += (out.empty() ? "" : ", ") + name;
  return out;
}

}  // namespace

Status save_checkpoint(const std::filesystem::path& folder, const Recipe& recipe, uint64_t data_fingerprint,
                       Trainer& trainer) {
  std::error_code error;
  std::filesystem::create_directories(folder, error);
  if (error) return Error::io("{}: {}", folder.string(), error.message());
  std::vector<formats::NamedTensor> tensors;
  for (const Part& part : parts(trainer)) {
    tensors.push_back({part.name, const_view_of(part.values, part.shape)});
  }
  const formats::SafetensorsMetadata metadata{{"format", "pt"},
                                              {"step", std::to_string(trainer.steps_done())},
                                              {"recipe", to_json_text(recipe.source)},
                                              {"data", hex(data_fingerprint)}};
  const std::string name = fmt::format("{}{:08}{}", kPrefix, trainer.steps_done(), kSuffix);
  HERMES_TRY(formats::write_safetensors(folder / name, tensors, metadata));
  HERMES_ASSIGN(const auto all, checkpoints(folder));
  for (size_t i = 0; i + kKept < all.size(); ++i) std::filesystem::remove(all[i].second, error);
  return {};
}

Result<std::optional<std::filesystem::path>> last_checkpoint(const std::filesystem::path& folder) {
  HERMES_ASSIGN(const auto all, checkpoints(folder));
  return all.empty() ? std::nullopt : std::optional(all.back().second);
}

Status restore_checkpoint(const std::filesystem::path& path, const Recipe& recipe, uint64_t data_fingerprint,
                          Trainer& trainer) {
  HERMES_ASSIGN(const formats::SafetensorsFile file, formats::SafetensorsFile::open(path));
  const auto metadata = [&](std::string_view name) -> Result<std::string> {
    const auto& all = file.header().metadata;
    const auto it = all.find(name);
    if (it == all.end()) return Error::corrupt("{}: no \"{}\" in the metadata: not a checkpoint", path.string(), name);
    return it->second;
  };
  HERMES_ASSIGN(const std::string saved_text, metadata("recipe"));
  HERMES_ASSIGN(const json::value saved, parse_json(saved_text, path.string()));
  if (!saved.is_object()) return Error::corrupt("{}: the recipe in the metadata is not an object", path.string());
  if (const auto names = differences(saved.get_object(), recipe.source); !names.empty()) {
    return Error::invalid("{}: made with another recipe: {} differ; give another output folder to begin anew",
                          path.string(), joined(names));
  }
  HERMES_ASSIGN(const std::string data, metadata("data"));
  if (data != hex(data_fingerprint)) {
    return Error::invalid(
        "{}: made with other training samples (data files, tokenizer or chat template changed); give "
        "another output folder to begin anew",
        path.string());
  }
  HERMES_ASSIGN(const std::string step_text, metadata("step"));
  int64_t step = -1;
  const auto [end, error] = std::from_chars(step_text.data(), step_text.data() + step_text.size(), step);
  if (error != std::errc() || end != step_text.data() + step_text.size() || step < 0) {
    return Error::corrupt("{}: step \"{}\" is not a number", path.string(), step_text);
  }
  const std::vector<Part> all_parts = parts(trainer);
  for (const Part& part : all_parts) {
    HERMES_ASSIGN(const ConstTensorView view, file.tensor(part.name));
    if (view.shape != part.shape || view.dtype != DType::kF32) {
      return Error::corrupt("{}: \"{}\" is {} {}, expected F32 {}", path.string(), part.name, name_of(view.dtype),
                            to_string(view.shape), to_string(part.shape));
    }
  }
  for (const Part& part : all_parts) {
    std::copy_n(file.find(part.name).value().f32(), part.values.size(), part.values.begin());
  }
  trainer.set_steps_done(step);
  return {};
}

}  // namespace hermes::train
