#include "base/machine.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace vedette {
namespace {

TEST(Machine, MemoryIsWhatTheKernelSays) {
  std::istringstream text(
      "MemTotal:       16318480 kB\nMemFree:          812344 kB\nMemAvailable:   9123456 kB\n"
      "HugePages_Total:       0\nHugepagesize:       2048 kB\n");
  const auto memory = read_memory(text);
  ASSERT_TRUE(memory);
  EXPECT_EQ(memory->total_bytes, 16318480LL * 1024);
  EXPECT_EQ(memory->available_bytes, 9123456LL * 1024);
}

TEST(Machine, HalfOfItIsNothing) {
  std::istringstream old_kernel("MemTotal: 16318480 kB\nMemFree: 812344 kB\n");
  EXPECT_FALSE(read_memory(old_kernel));
  std::istringstream nothing;
  EXPECT_FALSE(read_memory(nothing));
}

TEST(Machine, ThisOneHasALoad) {
  const auto load = machine_load();
  ASSERT_TRUE(load);
  EXPECT_GE(load->load_1, 0);
  EXPECT_GE(load->cores, 1);
  EXPECT_LE(load->memory.available_bytes, load->memory.total_bytes);
}

}  // namespace
}  // namespace vedette
