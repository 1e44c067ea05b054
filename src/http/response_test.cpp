#include "http/response.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <boost/json/parse.hpp>
#include <stdexcept>

#include "base/text.hpp"
#include "http/request.hpp"

namespace vedette::http {
namespace {

TEST(Response, SaysErrorsInOneShape) {
  const auto response = error(Error{ErrorCode::kNotFound, "no camera \"x\"", false, "SQL: secret"});
  EXPECT_EQ(response.status, 404);
  EXPECT_EQ(response.text(), R"({"error":{"code":"not_found","message":"no camera \"x\""}})");
  EXPECT_EQ(error(Error{ErrorCode::kInvalid, "m", false, {}}, "d").text(),
            R"({"error":{"code":"invalid","message":"m","detail":"d"}})");
}

TEST(Response, RefusesLineBreaksInFields) {
  EXPECT_THROW(empty().set("Location", "/a\r\nSet-Cookie: x"), std::invalid_argument);
  EXPECT_THROW(empty().set("A\nB", "x"), std::invalid_argument);
}

TEST(Json, EscapesEveryText) {
  EXPECT_TRUE(rc::check("parses back", [](const std::string& any) {
    std::string out;
    append_json_string(out, any);
    boost::system::error_code code;
    const auto value = boost::json::parse(out, code);
    RC_ASSERT(!code);
    if (is_clean_utf8(any)) RC_ASSERT(std::string_view(value.as_string()) == any);
  }));
}

TEST(CachedBody, MakesVariantsOnlyWhereTheyPay) {
  const auto small = CachedBody::make("application/json", "{}");
  EXPECT_FALSE(small->has_variants());
  const auto picture = CachedBody::make("image/jpeg", std::string(5000, 'x'));
  EXPECT_FALSE(picture->has_variants());
  const auto big = CachedBody::make("application/json", std::string(5000, 'x'));
  ASSERT_TRUE(big->variant(CachedBody::kBrotli));
  ASSERT_TRUE(big->variant(CachedBody::kGzip));
  EXPECT_LT(big->variant(CachedBody::kGzip)->bytes.size(), 100u);
  EXPECT_EQ(big->etag(), CachedBody::make("application/json", std::string(5000, 'x'))->etag());
  EXPECT_NE(big->etag(), picture->variant(CachedBody::kGzip) ? "" : small->etag());
  EXPECT_THAT(big->variant(CachedBody::kIdentity)->head,
              testing::HasSubstr("Content-Length: 5000\r\n"));
}

TEST(FileBody, RefusesWhatIsNotAFile) {
  EXPECT_EQ(FileBody::open("/nonexistent/x").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(FileBody::open("/tmp").error().code, ErrorCode::kNotFound);
  EXPECT_EQ(FileBody::open("/dev/null").error().code, ErrorCode::kNotFound);
}

TEST(Request, FindsFieldsWithoutRegardToCase) {
  auto request = make_request(Method::kGet, "http://localhost/a?b=1#x");
  EXPECT_EQ(request.path, "/a");
  EXPECT_EQ(request.authority, "localhost");
  request.headers.add("Accept", "a");
  request.headers.add("accept", "b");
  request.headers.add("Cookie", "x=1");
  request.headers.add("cookie", "y=2");
  EXPECT_EQ(request.header("ACCEPT"), "a");
  EXPECT_EQ(request.headers.count("accept"), 2u);
  EXPECT_EQ(request.cookie("y"), "2");
  EXPECT_EQ(request.header("none"), std::nullopt);
  EXPECT_EQ(request.query("none"), std::nullopt);
  EXPECT_EQ(make_request(Method::kGet, "/a/../b").path, "");
}

}  // namespace
}  // namespace vedette::http
