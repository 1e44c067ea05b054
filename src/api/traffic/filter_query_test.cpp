#include "api/traffic/filter_query.hpp"

#include <gtest/gtest.h>

namespace vedette::api {
namespace {

http::Request get(std::string_view target) {
  return http::make_request(http::Method::kGet, target);
}

TEST(FilterQuery, ReadsAFilter) {
  const auto filter = filter_of(
      get("/x?camera=a,b&types=car&from=2026-11-20T10:00:00Z&to=2026-11-20T12:00:00%2B01:00"));
  ASSERT_TRUE(filter);
  EXPECT_EQ(filter->cameras, (std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(filter->types, std::vector<std::string>{"car"});
  EXPECT_EQ(*filter->to - *filter->from, std::chrono::hours(1));
}

TEST(FilterQuery, NamesTheParameterThatIsWrong) {
  EXPECT_EQ(filter_of(get("/x?from=yesterday")).error().detail, "from");
  EXPECT_EQ(filter_of(get("/x?from=2026-11-20&to=2026-11-19")).error().detail, "to");
  EXPECT_EQ(filter_of(get("/x?camera=" + std::string(65, 'x'))).error().detail, "camera");
}

}  // namespace
}  // namespace vedette::api
