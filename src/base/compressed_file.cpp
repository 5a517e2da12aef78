#include "base/compressed_file.h"

#include <zstd.h>

#include <memory>

#include "base/file.h"

namespace hermes {

Result<std::string> read_text_or_zst(const std::string& path, size_t max_bytes) {
  if (!path.ends_with(".zst")) return read_text_file(path, max_bytes);
  HERMES_ASSIGN(const std::shared_ptr<const MappedFile> file, MappedFile::open(path));
  const std::unique_ptr<ZSTD_DCtx, size_t (*)(ZSTD_DCtx*)> context(ZSTD_createDCtx(), ZSTD_freeDCtx);
  if (!context) return Error::exhausted("{}: no memory to decompress", path);
  std::string text;
  ZSTD_inBuffer in{file->bytes().data(), file->bytes().size(), 0};
  size_t unfinished = 1;  // 0 at the end of a frame
  while (in.pos < in.size) {
    const size_t used = text.size();
    text.resize(used + ZSTD_DStreamOutSize());
    ZSTD_outBuffer out{text.data() + used, text.size() - used, 0};
    unfinished = ZSTD_decompressStream(context.get(), &out, &in);
    text.resize(used + out.pos);
    if (ZSTD_isError(unfinished) != 0) {
      return Error::corrupt("{}: at byte {}: {}", path, in.pos, ZSTD_getErrorName(unfinished));
    }
    if (text.size() > max_bytes) return Error::exhausted("{}: more than {} bytes of text", path, max_bytes);
  }
  // All input taken is not all output given: what the decoder still holds comes with further calls.
  while (unfinished != 0) {
    const size_t used = text.size();
    text.resize(used + ZSTD_DStreamOutSize());
    ZSTD_outBuffer out{text.data() + used, text.size() - used, 0};
    unfinished = ZSTD_decompressStream(context.get(), &out, &in);
    text.resize(used + out.pos);
    if (ZSTD_isError(unfinished) != 0 || out.pos == 0)
      return Error::corrupt("{}: the compressed file is cut short", path);
    if (text.size() > max_bytes) return Error::exhausted("{}: more than {} bytes of text", path, max_bytes);
  }
  return text;
}

std::string compress_zst(std::string_view text) {
  std::string out(ZSTD_compressBound(text.size()), '\0');
  const size_t size = ZSTD_compress(out.data(), out.size(), text.data(), text.size(), ZSTD_CLEVEL_DEFAULT);
  HERMES_CHECK(ZSTD_isError(size) == 0, "zstd: {}", ZSTD_getErrorName(size));
  out.resize(size);
  return out;
}

}  // namespace hermes
