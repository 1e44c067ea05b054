#include "http/range.hpp"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <string>

namespace vedette::http {
namespace {

using Kind = RangeResult::Kind;

void expect_part(std::string_view field, std::uint64_t first, std::uint64_t last) {
  const auto range = parse_range(field, 1000);
  EXPECT_EQ(range.kind, Kind::kPart) << field;
  EXPECT_EQ(range.first, first) << field;
  EXPECT_EQ(range.last, last) << field;
}

TEST(Range, ReadsTheThreeForms) {
  expect_part("bytes=0-0", 0, 0);
  expect_part("bytes=10-19", 10, 19);
  expect_part("Bytes=990-", 990, 999);
  expect_part("bytes=990-5000", 990, 999);
  expect_part("bytes=-1", 999, 999);
  expect_part("bytes=-5000", 0, 999);
  expect_part("bytes=0-99999999999999999999999999", 0, 999);
}

TEST(Range, KnowsWhatCannotBeHad) {
  for (const auto* field :
       {"bytes=1000-", "bytes=1000-1001", "bytes=-0", "bytes=99999999999999999999-"}) {
    EXPECT_EQ(parse_range(field, 1000).kind, Kind::kUnsatisfiable) << field;
  }
  EXPECT_EQ(parse_range("bytes=0-", 0).kind, Kind::kUnsatisfiable);
}

TEST(Range, IgnoresWhatItDoesNotUnderstand) {
  for (const auto* field : {"", "bytes", "bytes=", "bytes=-", "bytes=a-b", "bytes=5-4", "items=0-1",
                            "bytes=0-1,2-3", "bytes=+1-2", "bytes=0 - 1", "bytes=0x1-2"}) {
    EXPECT_EQ(parse_range(field, 1000).kind, Kind::kWhole) << field;
  }
}

TEST(Range, AlwaysLiesWithinTheContent) {
  EXPECT_TRUE(rc::check(
      "first <= last < size", [](std::uint64_t first, std::uint64_t last, std::uint32_t size) {
        const auto range =
            parse_range("bytes=" + std::to_string(first) + "-" + std::to_string(last), size);
        if (range.kind != Kind::kPart) return;
        RC_ASSERT(range.first == first);
        RC_ASSERT(range.first <= range.last);
        RC_ASSERT(range.last < size);
      }));
}

}  // namespace
}  // namespace vedette::http
