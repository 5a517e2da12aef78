// One case for each way in which a safetensors header can be wrong.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ostream>
#include <string>
#include <vector>

#include "formats/safetensors_bytes_for_test.h"
#include "formats/safetensors_header.h"

namespace hermes::formats {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct Refusal {
  const char* name;
  std::string file;
  ErrorCode code;
  std::string message;  // a part of it
};

void PrintTo(const Refusal& refusal, std::ostream* out) { *out << refusal.message; }

std::string one_tensor(std::string_view fields, size_t data_bytes) {
  return safetensors_bytes(padded("{\"w\":{" + std::string(fields) + "}}"), data_bytes);
}

// F32 of 2 x 2, 16 bytes, with one of the fields replaced.
std::string with_shape(std::string_view shape) {
  return one_tensor("\"dtype\":\"F32\",\"shape\":" + std::string(shape) + ",\"data_offsets\":[0,16]", 16);
}
std::string with_dtype(std::string_view dtype) {
  return one_tensor("\"dtype\":" + std::string(dtype) + ",\"shape\":[2,2],\"data_offsets\":[0,16]", 16);
}
std::string with_offsets(std::string_view offsets) {
  return one_tensor("\"dtype\":\"F32\",\"shape\":[2,2],\"data_offsets\":" + std::string(offsets), 16);
}
std::string plain(std::string_view header, size_t data_bytes = 0) {
  return safetensors_bytes(padded(std::string(header)), data_bytes);
}
// Two tensors of four U8 each, at the given offsets, before `data_bytes` of data.
std::string two_tensors(std::string_view a, std::string_view b, size_t data_bytes) {
  return plain(R"({"a":{"dtype":"U8","shape":[4],"data_offsets":)" + std::string(a) +
                   R"(},"b":{"dtype":"U8","shape":[4],"data_offsets":)" + std::string(b) + "}}",
               data_bytes);
}

std::vector<Refusal> refusals() {
  constexpr ErrorCode kBad = ErrorCode::kCorrupt;
  return {
      // The frame.
      {"EmptyFile", "", kBad, "0 bytes, too short"},
      {"SevenBytes", "\x02\0\0\0\0\0\0", kBad, "bytes, too short"},
      {"GitLfsPointer", "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n", kBad, "Git LFS pointer"},
      {"HeaderBeyondTheFile", std::string("\x03\0\0\0\0\0\0\0{}", 10), kBad,
       "header length 3 at byte 0 goes beyond the end of the file at byte 10"},
      {"HeaderAboveTheLimit", std::string("\x01\xe1\xf5\x05\0\0\0\0{}", 10), kBad, "above the format's limit"},
      {"HeaderLengthOfAllOnes", std::string(8, '\xFF') + "{}", kBad, "header length 18446744073709551615 at byte 0"},
      {"HeaderEmpty", safetensors_bytes("", 0), kBad, "does not start with '{' (byte 8)"},
      {"HeaderStartsWithSpace", plain(" {}"), kBad, "does not start with '{' (byte 8)"},
      {"HeaderIsAnArray", plain("[1]"), kBad, "does not start with '{'"},
      // The text.
      {"NotUtf8", plain("{\"\xFF\":1}"), kBad, "header is not UTF-8 (byte 10)"},
      {"NotJson", plain("{\"w\":nothing}"), kBad, "header is not JSON"},
      {"EndsEarly", safetensors_bytes("{\"w\":{", 0), kBad, "header is not JSON: incomplete"},
      {"TextAfterTheEnd", plain("{}{}"), kBad, "text after the end of the header (byte 10)"},
      {"NulPadding", safetensors_bytes(std::string("{}\0\0", 4), 0), kBad, "text after the end of the header"},
      {"Deep", plain("{\"w\":" + std::string(100'000, '[')), kBad, "tensor \"w\" must be an object, not an array"},
      {"DeepMetadata", plain(R"({"__metadata__":{"a":{"a":{}}}})"), kBad,
       "\"__metadata__\": \"a\" must be a string, not an object (byte 29)"},
      {"ComplexEscapeRepeated", plain(R"({"\u0061":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"a":{}})"), kBad,
       "tensor \"a\" is named twice"},
      // The metadata.
      {"MetadataIsAString", plain(R"({"__metadata__":"pt"})"), kBad,
       "\"__metadata__\" must be an object, not a string"},
      {"MetadataIsNull", plain(R"({"__metadata__":null})"), kBad, "\"__metadata__\" must be an object, not null"},
      {"MetadataHoldsANumber", plain(R"({"__metadata__":{"n":1}})"), kBad,
       "\"__metadata__\": \"n\" must be a string, not a number"},
      {"MetadataTwice", plain(R"({"__metadata__":{},"__metadata__":{}})"), kBad, "\"__metadata__\" is named twice"},
      {"MetadataNameTwice", plain(R"({"__metadata__":{"k":"1","k":"2"}})"), kBad, "\"k\" is named twice"},
      // A tensor's entry.
      {"TensorIsANumber", plain(R"({"w":1})"), kBad, "tensor \"w\" must be an object, not a number"},
      {"TensorIsNull", plain(R"({"w":null})"), kBad, "tensor \"w\" must be an object, not null"},
      {"TensorTwice", plain(R"({"w":{"dtype":"U8","shape":[0],"data_offsets":[0,0]},"w":{}})"), kBad,
       "tensor \"w\" is named twice (byte 63)"},
      {"FieldUnknown", one_tensor(R"("dtype":"F32","strides":[1])", 0), kBad,
       "tensor \"w\": the format has no field \"strides\""},
      {"FieldTwice", one_tensor(R"("dtype":"F32","dtype":"F32")", 0), kBad, "tensor \"w\": \"dtype\" is named twice"},
      {"DTypeMissing", one_tensor(R"("shape":[4],"data_offsets":[0,16])", 16), kBad,
       "tensor \"w\": \"dtype\" is missing"},
      {"ShapeMissing", one_tensor(R"("dtype":"F32","data_offsets":[0,16])", 16), kBad,
       "tensor \"w\": \"shape\" is missing"},
      {"OffsetsMissing", one_tensor(R"("dtype":"F32","shape":[4])", 16), kBad,
       "tensor \"w\": \"data_offsets\" is missing"},
      {"EntryEmpty", one_tensor("", 0), kBad, "tensor \"w\": \"dtype\" is missing"},
      // dtype.
      {"DTypeUnknown", with_dtype("\"F31\""), kBad,
       "tensor \"w\": \"dtype\" is \"F31\", which the format does not have (byte 26)"},
      {"DTypeLowerCase", with_dtype("\"f32\""), kBad, "\"dtype\" is \"f32\""},
      {"DTypeIsANumber", with_dtype("32"), kBad, "\"dtype\" must be a string, not a number"},
      {"DTypeIsAnArray", with_dtype("[]"), kBad, "\"dtype\" must be a string, not an array"},
      {"DTypeIsNull", with_dtype("null"), kBad, "\"dtype\" must be a string, not null"},
      // shape.
      {"ShapeIsAString", with_shape("\"4\""), kBad, "\"shape\" must be an array of integers, not a string"},
      {"ShapeIsNull", with_shape("null"), kBad, "\"shape\" must be an array of integers, not null"},
      {"ShapeHoldsAString", with_shape("[\"4\"]"), kBad, "\"shape\" must be an array of integers, not a string"},
      {"ShapeHoldsAnArray", with_shape("[[4]]"), kBad, "\"shape\" must be an array of integers, not an array"},
      {"ShapeNegative", with_shape("[2,-2]"), kBad, "tensor \"w\": \"shape\" holds -2, which is negative"},
      {"ShapeFraction", with_shape("[2,2.0]"), kBad, "\"shape\" holds a number that is no integer below 2^63"},
      {"ShapeExponent", with_shape("[4e0]"), kBad, "\"shape\" holds a number that is no integer below 2^63"},
      {"ShapeAbove63Bits", with_shape("[9223372036854775808]"), kBad, "no integer below 2^63"},
      {"ShapeAbove64Bits", with_shape("[99999999999999999999999]"), kBad, "no integer below 2^63"},
      {"ShapeProductOverflows", with_shape("[4294967296,4294967296]"), kBad, "more bytes than can be counted"},
      {"ShapeProductWrapsToTheSize", with_shape("[4611686018427387905,4]"), kBad, "more bytes than can be counted"},
      {"ShapeBytesOverflow", with_shape("[4611686018427387904]"), kBad, "more bytes than can be counted"},
      {"ShapeOverflowsBeforeItsZero", with_shape("[4294967296,4294967296,0]"), kBad, "more bytes than can be counted"},
      {"RankFive", with_shape("[1,1,1,2,2]"), ErrorCode::kUnsupported,
       "tensor \"w\": \"shape\" has more than 4 dimensions"},
      {"ShapeTooSmall", with_shape("[3]"), kBad,
       "tensor \"w\": \"shape\" [3] of F32 needs 12 bytes, \"data_offsets\" [0, 16] hold 16"},
      {"ShapeTooLarge", with_shape("[2,3]"), kBad, "needs 24 bytes, \"data_offsets\" [0, 16] hold 16"},
      {"PackedTypeEndsWithinAByte", one_tensor(R"("dtype":"F4","shape":[3],"data_offsets":[0,2])", 2), kBad,
       "not a whole number of them"},
      // data_offsets.
      {"OffsetsIsANumber", with_offsets("16"), kBad, "\"data_offsets\" must be an array of integers, not a number"},
      {"OffsetsIsAnObject", with_offsets("{}"), kBad, "\"data_offsets\" must be an array of integers, not an object"},
      {"OffsetsEmpty", with_offsets("[]"), kBad, "\"data_offsets\" must hold 2 integers, not 0"},
      {"OffsetsOne", with_offsets("[0]"), kBad, "\"data_offsets\" must hold 2 integers, not 1"},
      {"OffsetsThree", with_offsets("[0,8,16]"), kBad, "\"data_offsets\" must hold 2 integers, not more"},
      {"OffsetsNegative", with_offsets("[-16,0]"), kBad, "\"data_offsets\" holds -16, which is negative"},
      {"OffsetsHuge", with_offsets("[0,18446744073709551615]"), kBad, "no integer below 2^63"},
      {"OffsetsReversed", with_offsets("[16,0]"), kBad, "\"data_offsets\" [16, 0] end before they begin"},
      {"OffsetsBeyondTheData", with_offsets("[0,20]"), kBad, "go beyond the 16 bytes of data that follow byte 72"},
      {"OffsetsFarBeyondTheData", with_offsets("[9223372036854775791,9223372036854775807]"), kBad,
       "go beyond the 16 bytes"},
      {"Misaligned", safetensors_bytes(R"({"w":{"dtype":"F32","shape":[1],"data_offsets":[0,4]}})", 4), kBad,
       "its data starts at byte 62 of the file, which is not a multiple of the 4 bytes of F32; load and "
       "save"},
      {"MisalignedWithin",
       plain(
           R"({"a":{"dtype":"U8","shape":[1],"data_offsets":[0,1]},"b":{"dtype":"BF16","shape":[1],"data_offsets":[1,3]}})",
           3),
       kBad, "tensor \"b\": its data starts at byte"},
      // All tensors together.
      {"Overlap", two_tensors("[0,4]", "[2,6]", 6), kBad, "tensors \"a\" and \"b\" overlap at byte 122"},
      {"SameBytes", two_tensors("[0,4]", "[0,4]", 4), kBad, "tensors \"a\" and \"b\" overlap"},
      {"HoleBetween", two_tensors("[0,4]", "[5,9]", 9), kBad,
       "the 1 bytes before tensor \"b\", from byte 124, belong to no tensor"},
      {"HoleAtTheStart", two_tensors("[5,9]", "[1,5]", 9), kBad, "the 1 bytes before tensor \"b\", from byte 120"},
      {"TrailingBytes", two_tensors("[0,4]", "[4,8]", 11), kBad,
       "the last 3 bytes, from byte 128, belong to no tensor"},
      {"DataWithoutTensors", plain("{}", 5), kBad, "the last 5 bytes, from byte 16, belong to no tensor"},
  };
}

class SafetensorsRefusal : public testing::TestWithParam<Refusal> {};

TEST_P(SafetensorsRefusal, IsRefusedByName) {
  const auto header = parse_safetensors_header(as_file(GetParam().file), "w.safetensors");
  ASSERT_FALSE(header.ok());
  EXPECT_EQ(header.error().code(), GetParam().code);
  EXPECT_THAT(header.error().message(), StartsWith("w.safetensors: "));
  EXPECT_THAT(header.error().message(), HasSubstr(GetParam().message));
}

INSTANTIATE_TEST_SUITE_P(Header, SafetensorsRefusal, testing::ValuesIn(refusals()),
                         [](const auto& param) { return std::string(param.param.name); });

// The same files with nothing wrong parse: a refusal above is the refusal of what it changes.
TEST(SafetensorsRefusals, ComeFromFilesThatAreFineOtherwise) {
  for (const std::string& file : {with_shape("[2,2]"), with_dtype("\"F32\""), with_offsets("[0,16]"), plain("{}"),
                                  two_tensors("[0,4]", "[4,8]", 8), two_tensors("[4,8]", "[0,4]", 8)}) {
    const auto header = parse_safetensors_header(as_file(file), "w");
    EXPECT_TRUE(header.ok()) << header.error().message();
  }
}

}  // namespace
}  // namespace hermes::formats
