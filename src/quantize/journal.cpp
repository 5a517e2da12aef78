#include "quantize/journal.h"

#include <boost/json.hpp>
#include <cmath>

#include "base/file.h"
#include "base/json.h"

namespace hermes::quantize {
namespace {

constexpr size_t kMaxBytes = size_t{16} << 20;

Result<size_t> parse(const json::value& document, const std::string& what, const std::string& fingerprint,
                     std::vector<TensorReport>& tensors) {
  HERMES_ASSIGN(const JsonObject object, JsonObject::from(document, what));
  HERMES_ASSIGN(const std::string of, object.string("fingerprint"));
  if (of != fingerprint) return size_t{0};
  const json::value* errors = object.find("errors");
  if (errors == nullptr || !errors->is_array() || errors->get_array().size() > tensors.size()) {
    return Error::corrupt("{}: errors", what);
  }
  size_t i = 0;
  for (const json::value& one : errors->get_array()) {
    const json::array* pair = one.if_array();
    if (pair == nullptr || pair->size() != 2 || !(*pair)[0].is_number() || !(*pair)[1].is_number()) {
      return Error::corrupt("{}: errors[{}]", what, i);
    }
    tensors[i].relative_error = (*pair)[0].to_number<double>();
    tensors[i].largest_error = (*pair)[1].to_number<double>();
    ++i;
  }
  return i;
}

}  // namespace

Journal::Journal(const std::filesystem::path& out) : part_(AtomicFile::part_path(out)), path_(part_) {
  path_ += ".json";
}

size_t Journal::read(const std::string& fingerprint, std::vector<TensorReport>& tensors) const {
  if (!std::filesystem::exists(part_)) return 0;
  const auto document = read_json_file(path_.string(), kMaxBytes);
  if (!document.ok()) return 0;
  const auto n_done = parse(*document, path_.string(), fingerprint, tensors);
  return n_done.ok() ? *n_done : 0;
}

Status Journal::write(const std::string& fingerprint, const std::vector<TensorReport>& tensors, size_t n_done) const {
  json::array errors;
  for (size_t i = 0; i < n_done; ++i) {
    errors.push_back(json::array{tensors[i].relative_error, tensors[i].largest_error});
  }
  HERMES_ASSIGN(AtomicFile file, AtomicFile::create(path_));
  HERMES_TRY(
      file.write(to_json_text(json::object{{"fingerprint", fingerprint}, {"errors", std::move(errors)}}) + "\n"));
  return file.commit();
}

void Journal::remove() const {
  std::error_code ignored;
  std::filesystem::remove(path_, ignored);
}

}  // namespace hermes::quantize
