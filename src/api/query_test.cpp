#include "api/query.hpp"

#include <gtest/gtest.h>

namespace vedette::api {
namespace {

http::Request get(std::string_view target) {
  return http::make_request(http::Method::kGet, target);
}

TEST(Query, ALimitIsAWholeNumberWithinBounds) {
  for (const char* limit : {"0", "10001", "-1", "1e3", "", "7x"}) {
    EXPECT_FALSE(limit_of(get(std::string("/x?limit=") + limit))) << limit;
  }
  EXPECT_EQ(*limit_of(get("/x?limit=10000")), 10'000);
}

TEST(Query, ACursorComesBackAsItWasMade) {
  const std::vector<std::string> keys{"2026-11-20T10:00:00Z", "a:b,c", ""};
  const auto read = cursor_of(get("/x?cursor=" + make_cursor(keys)), 3);
  ASSERT_TRUE(read);
  EXPECT_EQ(*read, keys);
  EXPECT_TRUE(cursor_of(get("/x"), 3)->empty());
}

TEST(Query, AForeignCursorIsRefused) {
  for (const char* cursor : {"x", "zz", "31", "393a61", "3a", "313a", "ffff"}) {
    EXPECT_FALSE(cursor_of(get(std::string("/x?cursor=") + cursor), 1)) << cursor;
  }
  EXPECT_FALSE(cursor_of(get("/x?cursor=" + make_cursor({"a", "b"})), 1));
}

}  // namespace
}  // namespace vedette::api
