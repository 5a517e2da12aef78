// One case for each way in which a GGUF header can be wrong; among them the files that have crashed or hung other readers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "base/utf8.h"
#include "formats/gguf_bytes_for_test.h"
#include "formats/gguf_header.h"

namespace hermes::formats {
namespace {

using testing::HasSubstr;
using testing::StartsWith;
using Type = GgufValueType;

constexpr uint64_t k2To60 = uint64_t{1} << 60;
constexpr uint64_t k2To63 = uint64_t{1} << 63;

struct Refusal {
  const char* name;
  std::string file;
  std::string message;  // a part of it
  ErrorCode code = ErrorCode::kCorrupt;
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.message; }

std::string with_entry(std::string entry) { return GgufForTest{.entries = {std::move(entry)}}.bytes(); }
std::string with_entries(std::vector<std::string> entries) {
  return GgufForTest{.entries = std::move(entries)}.bytes();
}
std::string with_array(Type element, uint64_t count, std::string_view elements = {}) {
  return with_entry(gguf_entry("a", Type::kArray, gguf_array(element, count, elements)));
}
// 16 bytes of data.
std::string with_info(std::string info) { return GgufForTest{.infos = {std::move(info)}, .data_bytes = 16}.bytes(); }
std::string with_version(uint32_t version) { return GgufForTest{.version = version}.bytes(); }
std::string with_alignment(uint32_t alignment) { return with_entry(gguf_u32("general.alignment", alignment)); }
std::string with_counts(uint64_t tensors, uint64_t entries) {
  return GgufForTest{.n_entries = entries, .n_tensors = tensors}.bytes();
}
std::string nested(int depth, uint64_t count) {
  std::string arrays;
  for (int i = 0; i < depth; ++i) arrays += gguf_array(Type::kArray, count, {});
  return with_entry(gguf_entry("a", Type::kArray, arrays + gguf_array(Type::kU8, 0, {})));
}

std::vector<Refusal> refusals() {
  constexpr ErrorCode kUnsupported = ErrorCode::kUnsupported;
  return {
      // The frame.
      {"EmptyFile", "", "0 bytes, too short for GGUF"},
      {"MagicCutOff", "GGU", "3 bytes, too short for GGUF"},
      {"HeaderCutOff", GgufForTest{}.bytes().substr(0, 23), "23 bytes, too short for GGUF"},
      {"OtherMagic", "GGUX" + std::string(40, '\0'), "begins with \"GGUX\", not with \"GGUF\" (byte 0)"},
      {"MagicThatIsNoText", "\x1b\xff[2" + std::string(40, '\0'), "begins with \"\\x1b\\xff[2\""},
      {"GitLfsPointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", "Git LFS pointer"},
      {"OlderFormat", "tjgg" + std::string(40, '\0'), "a GGML file from before GGUF", kUnsupported},
      {"Version0", with_version(0), "GGUF version 0 (byte 4); 2 and 3 are supported", kUnsupported},
      {"Version1", with_version(1), "GGUF version 1 (byte 4)", kUnsupported},
      {"Version4", with_version(4), "GGUF version 4 (byte 4)", kUnsupported},
      {"BigEndian", with_version(0x03000000), "a big-endian file: version 3 with its bytes swapped (byte 4)",
       kUnsupported},
      {"BigEndianVersion2", with_version(0x02000000), "a big-endian file: version 2", kUnsupported},
      {"VersionOfAllOnes", with_version(0xFFFFFFFF), "GGUF version 4294967295", kUnsupported},
      {"TensorCountOf2To60", with_counts(k2To60, 0),
       "claims 1152921504606846976 tensors, but only 8 bytes follow "
       "(byte 8)"},
      {"TensorCountOf2To63", with_counts(k2To63, 0), "claims 9223372036854775808 tensors"},
      {"EntryCountOf2To60", with_counts(0, k2To60),
       "claims 1152921504606846976 metadata entries, but only 8 bytes "
       "follow (byte 16)"},
      {"EntryCountOfAllOnes", with_counts(0, ~uint64_t{0}), "claims 18446744073709551615 metadata entries"},
      {"OneEntryTooMany", GgufForTest{.entries = {gguf_u32("a", 1)}, .n_entries = 2}.bytes(), "\"\" is no key"},
      {"OneTensorTooMany", GgufForTest{.infos = {gguf_info("t", {1}, 24, 0)}, .data_bytes = 16, .n_tensors = 2}.bytes(),
       "\"\" is no name of a tensor"},

      // Keys.
      {"KeyLongerThanTheFile", with_entry(little_endian(k2To63) + "key"),
       "key of metadata entry 0: a string of 9223372036854775808 bytes, but only 32 follow (byte 24)"},
      {"KeyLengthOfAllOnes", with_entry(std::string(8, '\xFF') + std::string(64, 'k')),
       "a string of 18446744073709551615 bytes"},
      {"KeyOfTheWrongLetters", with_entry(gguf_u32("the key", 1)), "\"the key\" is no key"},
      {"KeyThatIsNoAscii", with_entry(gguf_u32("cl\xc3\xa9", 1)), "is no key: 1 to 65535 bytes of printable ASCII"},
      {"KeyWithControl", with_entry(gguf_u32("a\x1b[2J", 1)), "\"a\\x1b[2J\" is no key"},
      {"KeyTooLong", with_entry(gguf_u32(std::string(65536, 'k'), 1)), "is no key"},
      {"KeyTwice", with_entries({gguf_u32("a", 1), gguf_u32("b", 1), gguf_text("a", "x")}),
       "key \"a\" is there twice, at bytes 24 and 58"},

      // Values.
      {"UnknownType", with_entry(gguf_string("a") + little_endian(uint32_t{13})),
       "key \"a\": 13 is no type of value "
       "(byte 33)"},
      {"TypeOfAllOnes", with_entry(gguf_string("a") + std::string(4, '\xFF')), "4294967295 is no type of value"},
      {"TypeCutOff", GgufForTest{.entries = {gguf_string("abcdef") + "\x04"}, .alignment = 0}.bytes(),
       "key \"abcdef\": the file ends at byte 39, in the midst of what begins at byte 38"},
      {"ValueCutOff",
       GgufForTest{.entries = {gguf_string("abc") + gguf_type(Type::kU64) + "1234"}, .alignment = 0}.bytes(),
       "key \"abc\": the file ends at byte 43, in the midst of what begins at byte 39"},
      {"BoolOf2", with_entry(gguf_bool("a", 2)), "key \"a\": a bool is 0 or 1, not 2 (byte 37)"},
      {"StringLengthOf2To63", with_entry(gguf_entry("a", Type::kString, little_endian(k2To63))),
       "key \"a\": a string of 9223372036854775808 bytes, but only 19 follow (byte 37)"},
      {"StringLengthOf1Gib", with_entry(gguf_entry("a", Type::kString, little_endian(uint64_t{1} << 30))),
       "a string of 1073741824 bytes"},
      {"ArrayOfUnknownType", with_array(static_cast<Type>(99), 0), "key \"a\": 99 is no type of value (byte 37)"},
      {"ArrayCountOf2To60", with_array(Type::kU32, k2To60),
       "key \"a\": an array of 1152921504606846976 elements of type u32, but only 15 bytes follow (byte 41)"},
      {"ArrayCountThatWraps", with_array(Type::kU64, (uint64_t{1} << 61) + 1),
       "2305843009213693953 elements of type u64"},
      {"ArrayOfStringsOf2To60", with_array(Type::kString, k2To60), "elements of type string, but only"},
      {"ArrayOneTooLong", with_array(Type::kU8, 16, "12345678"), "an array of 16 elements of type u8, but only 15"},
      {"ArrayOfStringsCutOff", with_array(Type::kString, 2, gguf_string("abc") + little_endian(uint64_t{50})),
       "key \"a\": string 1 has 50 bytes, but only"},
      {"StringInArrayOf2To63", with_array(Type::kString, 1, little_endian(k2To63)),
       "string 0 has 9223372036854775808 bytes"},
      {"BoolsOf3", with_array(Type::kBool, 3, std::string("\0\1\3", 3)), "a bool is 0 or 1, not 3 (byte 51)"},
      {"NestedTooDeep", nested(4, 1), "key \"a\": arrays nested more than 4 deep"},
      // The file of 43 bytes: an array of arrays that claims 2^63 of them (with the key's 2 bytes).
      {"HangsOf43Bytes",
       (GgufForTest{.entries = {gguf_string("ab") + gguf_type(Type::kArray) + "\x09"}, .alignment = 0}.bytes() +
        std::string(4, '\0'))
           .substr(0, 43),
       "the file ends at byte 43"},
      {"HangsWithItsCount",
       GgufForTest{.entries = {gguf_string("ab") + gguf_type(Type::kArray) + gguf_array(Type::kArray, k2To63, {})},
                   .alignment = 0}
           .bytes(),
       "an array of 9223372036854775808 elements of type array, but only 0 bytes follow"},
      {"NestedCountsMultiply", nested(3, 1000), "elements of type array, but only"},

      // The alignment.
      {"Alignment0", with_alignment(0), "key \"general.alignment\" (byte 24) is 0, must be a power of two from 8"},
      {"Alignment4", with_alignment(4), "is 4, must be a power of two from 8 to 16777216"},
      {"Alignment24", with_alignment(24), "is 24, must be a power of two"},
      {"Alignment2To31", with_alignment(uint32_t{1} << 31), "is 2147483648, must be a power of two"},
      {"AlignmentOfAllOnes", with_alignment(0xFFFFFFFF), "is 4294967295, must be a power of two"},
      {"AlignmentIsAString", with_entry(gguf_text("general.alignment", "32")), "must be of type u32"},
      {"AlignmentIsAFloat", with_entry(gguf_f32("general.alignment", 32)), "must be of type u32"},

      // Tensors.
      {"NameLongerThanTheFile", with_info(little_endian(k2To63) + std::string(32, 'n')),
       "name of tensor 0: a string of 9223372036854775808 bytes"},
      {"NameEmpty", with_info(gguf_info("", {4}, 0, 0)), "\"\" is no name of a tensor"},
      {"NameTooLong", with_info(gguf_info(std::string(65, 'n'), {4}, 0, 0)), "is no name of a tensor: 1 to 64 bytes"},
      {"NameNotUtf8", with_info(gguf_info("w\xff", {4}, 0, 0)), "\"w\\xff\" is no name of a tensor"},
      {"NameTwice",
       GgufForTest{.infos = {gguf_info("w", {4}, 0, 0), gguf_info("w", {4}, 0, 32)}, .data_bytes = 64}.bytes(),
       "tensor \"w\" is there twice, at bytes 24 and 57"},
      {"FiveDimensions", with_info(gguf_info("w", {1, 1, 1, 1, 1}, 0, 0)),
       "tensor \"w\": 5 dimensions, at most 4 are possible (byte 33)"},
      {"DimensionsOfAllOnes", with_info(gguf_string("w") + std::string(32, '\xFF')), "4294967295 dimensions"},
      {"NegativeDimension", with_info(gguf_info("w", {~uint64_t{0}}, 0, 0)),
       "tensor \"w\": dimension 0 is 18446744073709551615, more than can be counted (byte 37)"},
      {"ShapeOverflows", with_info(gguf_info("w", {uint64_t{1} << 32, uint64_t{1} << 32}, 0, 0)),
       "dimension 1 is 4294967296, more than can be counted (byte 45)"},
      {"EmptyShapeOverflows", with_info(gguf_info("w", {0, uint64_t{1} << 40, uint64_t{1} << 40}, 0, 0)),
       "more than can be counted"},
      {"BytesOverflow", with_info(gguf_info("w", {uint64_t{1} << 62}, 0, 0)),
       "tensor \"w\": shape [4611686018427387904] of F32 is more bytes than can be counted (byte 24)"},
      {"BytesWrapToFew", with_info(gguf_info("w", {uint64_t{1} << 31, uint64_t{1} << 31}, 27, 0)),
       "of I64 is more bytes than can be counted"},
      {"UnknownTensorType", with_info(gguf_info("w", {4}, 77, 0)),
       "tensor \"w\": 77 is no type that we know of tensors "
       "(byte 45)"},
      {"TensorTypeOfAllOnes", with_info(gguf_info("w", {4}, 0xFFFFFFFF, 0)), "4294967295 is no type"},
      {"RemovedTensorType", with_info(gguf_info("w", {32}, 31, 0)),
       "tensor \"w\": type 31 (Q4_0_4_4) has been removed from the format", kUnsupported},
      {"RowsThatAreNoBlocks", with_info(gguf_info("w", {33}, 8, 0)),
       "tensor \"w\": rows of 33 elements are not whole blocks of the 32 that Q8_0 has"},
      {"ScalarOfBlocks", with_info(gguf_info("w", {}, 8, 0)), "rows of 1 elements are not whole blocks"},
      {"OffsetNotAligned", with_info(gguf_info("w", {1}, 0, 8)),
       "tensor \"w\": offset 8 is no multiple of the alignment "
       "32 (byte 49)"},
      {"OffsetBeyondTheFile", with_info(gguf_info("w", {4}, 0, 32)),
       "tensor \"w\": its 16 bytes at offset 32 go beyond the 16 bytes of data that follow byte 64"},
      {"OffsetOf2To63", with_info(gguf_info("w", {4}, 0, k2To63)), "16 bytes at offset 9223372036854775808 go beyond"},
      {"OffsetThatWraps", with_info(gguf_info("w", {4}, 0, ~uint64_t{31})), "at offset 18446744073709551584 go beyond"},
      {"LargerThanTheFile", with_info(gguf_info("w", {5}, 0, 0)), "its 20 bytes at offset 0 go beyond the 16 bytes"},
      {"DataMissing", GgufForTest{.infos = {gguf_info("w", {4}, 0, 0)}}.bytes(), "go beyond the 0 bytes of data"},
      {"DataCutOff", GgufForTest{.infos = {gguf_info("w", {4}, 0, 0)}, .data_bytes = 15}.bytes(),
       "go beyond the 15 bytes"},
      {"Overlap",
       GgufForTest{.infos = {gguf_info("a", {16}, 0, 0), gguf_info("b", {4}, 0, 32)}, .data_bytes = 64}.bytes(),
       "tensors \"a\" and \"b\" overlap at byte 128"},
      {"SamePlace",
       GgufForTest{.infos = {gguf_info("a", {4}, 0, 0), gguf_info("b", {4}, 0, 0)}, .data_bytes = 16}.bytes(),
       "tensors \"a\" and \"b\" overlap"},
  };
}

class GgufRefusals : public testing::TestWithParam<Refusal> {};

TEST_P(GgufRefusals, NameTheFileTheFieldAndTheByte) {
  // A copy of exactly this size, so that a sanitizer sees a read beyond it.
  const std::vector<char> exact(GetParam().file.begin(), GetParam().file.end());
  const auto header = parse_gguf_header(std::as_bytes(std::span(exact)), "dir/m.gguf");
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().code(), GetParam().code) << header.error().message();
  EXPECT_THAT(header.error().message(), StartsWith("dir/m.gguf: "));
  EXPECT_THAT(header.error().message(), HasSubstr(GetParam().message));
  EXPECT_EQ(find_invalid_utf8(header.error().message()), std::string_view::npos);
}

INSTANTIATE_TEST_SUITE_P(All, GgufRefusals, testing::ValuesIn(refusals()),
                         [](const auto& param) { return std::string(param.param.name); });

// Whatever is cut off, what is left is refused (but for the padding behind the last tensor).
TEST(GgufTruncation, EveryPrefixIsRefused) {
  const std::string file =
      GgufForTest{
          .entries = {gguf_text("general.architecture", "llama"), gguf_u32("llama.block_count", 2),
                      gguf_texts("tokenizer.ggml.tokens", {"a", "bc", ""}),
                      gguf_entry("n", Type::kArray,
                                 gguf_array(Type::kArray, 2,
                                            gguf_array(Type::kBool, 1, "\1") + gguf_array(Type::kF64, 1, "12345678")))},
          .infos = {gguf_info("a", {4, 2}, 0, 0), gguf_info("b", {32}, 8, 32)},
          .data_bytes = 66}
          .bytes();
  ASSERT_TRUE(parse_gguf_header(bytes_of_text(file), "whole").ok());
  for (size_t n = 0; n < file.size(); ++n) {
    const std::vector<char> exact(file.begin(), file.begin() + static_cast<std::ptrdiff_t>(n));
    const auto header = parse_gguf_header(std::as_bytes(std::span(exact)), "cut");
    ASSERT_FALSE(header.ok()) << n;
    EXPECT_EQ(header.error().code(), ErrorCode::kCorrupt);
  }
}

}  // namespace
}  // namespace hermes::formats
