#include "formats/imatrix_legacy.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <limits>

#include "formats/gguf_bytes.h"
#include "formats/gguf_header.h"
#include "formats/quoted_name.h"

namespace hermes::formats {
namespace {

constexpr uint64_t kLeastEntryBytes = 4 + 1 + 4 + 4 + 4;  // length, a letter, calls, number of values, a value

class Reader {
 public:
  Reader(std::span<const std::byte> bytes, std::string_view what) : bytes_(bytes), what_(what) {}

  Result<Imatrix> read() {
    Imatrix imatrix;
    HERMES_ASSIGN(const int32_t n, number("the number of entries"));
    if (n < 1 || static_cast<uint64_t>(n) > left() / kLeastEntryBytes) {
      return Error::corrupt("{}: {} entries by its first bytes, in a file of {} bytes: this is no importance matrix",
                            what_, n, bytes_.size());
    }
    imatrix.entries.reserve(static_cast<size_t>(n));
    for (int32_t i = 0; i < n; ++i) {
      HERMES_ASSIGN(ImatrixEntry one, entry(i));
      imatrix.entries.push_back(std::move(one));
    }
    std::sort(imatrix.entries.begin(), imatrix.entries.end(),
              [](const ImatrixEntry& a, const ImatrixEntry& b) { return a.name < b.name; });
    const auto twice = std::adjacent_find(imatrix.entries.begin(), imatrix.entries.end(),
                                          [](const auto& a, const auto& b) { return a.name == b.name; });
    if (twice != imatrix.entries.end()) {
      return Error::corrupt("{}: entry {} is there twice", what_, quoted_name(twice->name));
    }
    if (left() > 0) HERMES_TRY(read_end(imatrix));
    return imatrix;
  }

 private:
  uint64_t left() const { return bytes_.size() - at_; }

  Result<int32_t> number(std::string_view subject) {
    if (left() < sizeof(int32_t)) {
      return Error::corrupt("{}: {}: the file ends at byte {}, in the midst of what begins at byte {}", what_, subject,
                            bytes_.size(), at_);
    }
    const auto value = static_cast<int32_t>(load_little_endian<uint32_t>(bytes_.data() + at_));
    at_ += sizeof(int32_t);
    return value;
  }

  // A length and as many bytes.
  Result<std::string> text(std::string_view subject, uint64_t least, uint64_t most) {
    HERMES_ASSIGN(const int32_t length, number(subject));
    const auto n = static_cast<uint64_t>(length);
    if (length < 0 || n < least || n > most || n > left()) {
      return Error::corrupt("{}: {}: a length of {} bytes, must be from {} to {}; {} follow (byte {})", what_, subject,
                            length, least, most, left(), at_ - sizeof(int32_t));
    }
    const char* begin = reinterpret_cast<const char*>(bytes_.data() + at_);
    at_ += n;
    return std::string(begin, begin + n);
  }

  Result<ImatrixEntry> entry(int32_t index) {
    ImatrixEntry entry;
    HERMES_ASSIGN(entry.name, text(fmt::format("entry {}", index), 1, kMaxGgufTensorNameBytes));
    const std::string subject = fmt::format("entry {} {}", index, quoted_name(entry.name));
    HERMES_ASSIGN(const int32_t calls, number(subject));
    if (calls < 0) {
      return Error::corrupt("{}: {}: {} calls, must be 0 or more (byte {})", what_, subject, calls, at_ - 4);
    }
    HERMES_ASSIGN(const int32_t n, number(subject));
    if (n < 1 || static_cast<uint64_t>(n) > left() / sizeof(float)) {
      return Error::corrupt("{}: {}: {} values, but {} bytes follow (byte {})", what_, subject, n, left(), at_ - 4);
    }
    // Before calls were counted, values were means: then they are sums of one.
    entry.count = calls > 0 ? static_cast<float>(calls) : 1;
    entry.sums.resize(static_cast<size_t>(n));
    for (float& sum : entry.sums) {
      sum = std::bit_cast<float>(load_little_endian<uint32_t>(bytes_.data() + at_));
      if (!std::isfinite(sum) || sum < 0) {
        return Error::corrupt("{}: {}: value {} is {}, must be finite and not negative (byte {})", what_, subject,
                              &sum - entry.sums.data(), sum, at_);
      }
      at_ += sizeof(float);
    }
    return entry;
  }

  Status read_end(Imatrix& imatrix) {
    HERMES_ASSIGN(imatrix.chunk_count, number("the number of chunks"));
    if (imatrix.chunk_count < 0) {
      return Error::corrupt("{}: {} chunks, must be 0 or more (byte {})", what_, imatrix.chunk_count, at_ - 4);
    }
    if (left() == 0) return {};
    HERMES_ASSIGN(std::string dataset, text("the dataset", 0, left()));
    if (!dataset.empty()) imatrix.datasets.push_back(std::move(dataset));
    if (left() > 0) return Error::corrupt("{}: {} bytes behind its end at byte {}", what_, left(), at_);
    return {};
  }

  std::span<const std::byte> bytes_;
  std::string_view what_;
  uint64_t at_ = 0;
};

void append(std::string& out, int64_t value) {
  append_little_endian(out, static_cast<uint32_t>(static_cast<int32_t>(value)));
}

void append(std::string& out, std::string_view text) {
  append(out, static_cast<int64_t>(text.size()));
  out += text;
}

// How many chunks an entry's tokens are, a begun one counted whole; where their size is unknown, the count itself.
int32_t calls_of(const ImatrixEntry& entry, int64_t chunk_size) {
  const double calls =
      std::ceil(static_cast<double>(entry.count) / static_cast<double>(std::max<int64_t>(chunk_size, 1)));
  return static_cast<int32_t>(std::min(calls, 2147483647.0));
}

}  // namespace

Result<Imatrix> read_legacy_imatrix(std::span<const std::byte> bytes, std::string_view what) {
  return Reader(bytes, what).read();
}

Result<std::string> legacy_imatrix(const Imatrix& imatrix, std::string_view what) {
  const auto n =
      std::count_if(imatrix.entries.begin(), imatrix.entries.end(), [](const auto& e) { return e.count > 0; });
  if (n == 0) return Error::invalid("{}: no entry has seen an input, which this form cannot say", what);
  std::string out;
  append(out, n);
  for (const ImatrixEntry& entry : imatrix.entries) {
    if (!(entry.count > 0)) continue;
    if (entry.name.size() > kMaxGgufTensorNameBytes) {
      return Error::invalid("{}: entry {} cannot be written: its name has {} bytes, {} may be", what,
                            quoted_name(entry.name), entry.name.size(), kMaxGgufTensorNameBytes);
    }
    const int32_t calls = calls_of(entry, imatrix.chunk_size);
    append(out, entry.name);
    append(out, int64_t{calls});
    append(out, static_cast<int64_t>(entry.sums.size()));
    const auto whole = static_cast<float>(calls);
    for (const float sum : entry.sums) {
      // Where nothing changes, nothing is rounded: what was read is written.
      const float value = whole == entry.count ? sum : (sum / entry.count) * whole;
      append_little_endian(out, std::bit_cast<uint32_t>(std::min(value, std::numeric_limits<float>::max())));
    }
  }
  append(out, imatrix.chunk_count);
  append(out, imatrix.datasets.empty() ? std::string_view() : std::string_view(imatrix.datasets.back()));
  return out;
}

}  // namespace hermes::formats
