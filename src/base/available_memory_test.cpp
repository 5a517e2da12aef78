#include "base/available_memory.h"

#include <gtest/gtest.h>

namespace hermes {
namespace {

TEST(AvailableMemory, ReadsWhatTheSystemSays) {
  EXPECT_EQ(parse_meminfo("MemTotal:       24 kB\nMemAvailable:    3 kB\nBuffers: 1 kB\n"), 3 * 1024);
  EXPECT_EQ(parse_meminfo("MemTotal: 24 kB\n"), std::nullopt);
  EXPECT_EQ(parse_meminfo("MemAvailable: much\n"), std::nullopt);
  EXPECT_EQ(parse_meminfo("MemAvailable: 9223372036854775807 kB"), std::nullopt);
  EXPECT_EQ(parse_meminfo(""), std::nullopt);
}

TEST(AvailableMemory, CountsCachedFilesOfAGroupAsAvailable) {
  EXPECT_EQ(parse_memory_group("1000\n", "700\n", "anon 500\nfile 200\n"), 500);
  EXPECT_EQ(parse_memory_group("1000\n", "700\n", ""), 300);
  EXPECT_EQ(parse_memory_group("1000", "1700", "file 200"), 0);
  EXPECT_EQ(parse_memory_group("1000", "100", "file 200"), 1000);
  EXPECT_EQ(parse_memory_group("max\n", "700\n", "file 200\n"), std::nullopt);
  EXPECT_EQ(parse_memory_group("", "", ""), std::nullopt);
}

TEST(AvailableMemory, IsSomethingHere) { EXPECT_GT(available_memory().value_or(1), 0); }

}  // namespace
}  // namespace hermes
