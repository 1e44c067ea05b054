#include "base/error.hpp"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace vedette {
namespace {

TEST(Error, EveryCodeHasItsOwnNameAndAStatusOfItsKind) {
  std::set<std::string_view> names;
  for (int i = 0; i <= static_cast<int>(ErrorCode::kUsage); ++i) {
    const auto code = static_cast<ErrorCode>(i);
    EXPECT_TRUE(names.insert(name(code)).second) << name(code);
    EXPECT_GE(http_status(code), 400);
    EXPECT_LE(http_status(code), 599);
  }
  EXPECT_EQ(http_status(ErrorCode::kNotFound), 404);
  EXPECT_EQ(http_status(ErrorCode::kConflict), 409);
}

TEST(Error, OutagesAreRetryableAndBadInputIsNot) {
  EXPECT_TRUE(fail(ErrorCode::kUnavailable, "x").error().retryable);
  EXPECT_FALSE(fail(ErrorCode::kInvalid, "x").error().retryable);
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorCode::kInvalid, "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  VEDETTE_TRY(h, half(n));
  return half(h);
}

TEST(Error, TryPassesValueAndError) {
  EXPECT_EQ(*quarter(8), 2);
  EXPECT_EQ(quarter(6).error().message, "odd");
}

TEST(Error, OnlyBadUseExitsWithTwo) {
  EXPECT_EQ(exit_code(ErrorCode::kUsage), 2);
  EXPECT_EQ(exit_code(ErrorCode::kUnavailable), 1);
}

}  // namespace
}  // namespace vedette
