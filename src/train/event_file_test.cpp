#include "train/event_file.h"

#include <gtest/gtest.h>

#include <array>

#include "base/file.h"
#include "base/temp_folder_for_test.h"

namespace hermes::train {
namespace {

std::string hex(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) out += fmt::format("{:02x}", static_cast<unsigned char>(c));
  return out;
}

TEST(Crc32c, KnownValues) {
  EXPECT_EQ(crc32c("123456789"), 0xE3069283U);            // the check value of catalogues of CRCs
  EXPECT_EQ(crc32c(std::string(32, '\0')), 0x8A9136AAU);  // RFC 3720, appendix B.4
  EXPECT_EQ(crc32c(std::string(32, '\xff')), 0x62A8AB43U);
  EXPECT_EQ(crc32c(""), 0U);
}

// The bytes that TensorBoard 2.21's own RecordWriter and Event messages give for the same content.
constexpr std::string_view kVersionRecord =
    "1800000000000000a37f4b220900000000004a93401a0d627261696e2e4576656e743a3265b8d3fb";
constexpr std::string_view kScalarsRecord =
    "3a000000000000001295eae20900000000004d934010ac022a2c0a140a0d6c6f73732f747261696e696e6715000020400a140a0d6c6561726e"
    "696e675f72617465156f12833ae6cf197a";
constexpr std::array<Scalar, 2> kScalars{{{"loss/training", 2.5F}, {"learning_rate", 0.001F}}};

TEST(EventFile, RecordsAreTensorBoards) {
  EXPECT_EQ(hex(tf_record(version_event(1234.5))), kVersionRecord);
  EXPECT_EQ(hex(tf_record(scalars_event(1235.25, 300, kScalars))), kScalarsRecord);
}

TEST(EventFile, OpensWithTheVersionAndAppends) {
  const TempFolder folder;
  auto events = EventFile::create(folder.path(), 1234.5);
  ASSERT_TRUE(events.ok());
  ASSERT_TRUE(events->add(1235.25, 300, kScalars).ok());
  const auto text = read_text_file(folder.path() / "events.out.tfevents.1234.hermes", 1000);
  EXPECT_EQ(hex(text.value()), std::string(kVersionRecord) + std::string(kScalarsRecord));
}

TEST(EventFile, NeverWritesOverAnother) {
  const TempFolder folder;
  ASSERT_TRUE(EventFile::create(folder.path(), 1234.5).ok());
  ASSERT_TRUE(EventFile::create(folder.path(), 1234.6).ok());
  EXPECT_TRUE(std::filesystem::exists(folder.path() / "events.out.tfevents.1235.hermes"));
  EXPECT_FALSE(EventFile::create(folder.path() / "missing", 1).ok());
}

}  // namespace
}  // namespace hermes::train
