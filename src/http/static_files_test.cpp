#include "http/static_files.hpp"

#include <gmock/gmock.h>

#include <array>

namespace vedette::http {
namespace {

constexpr std::string_view kPage = "<!doctype html>";
constexpr std::array<EmbeddedFile, 2> kFiles{{
    {"index.html", "text/html; charset=utf-8", kPage, "", "", "abc", false},
    {"assets/app-3f2a91c0.js", "text/javascript", "code", "gz", "br", "def", true},
}};

Response serve(std::string_view target, std::string_view accept = "*/*") {
  static const StaticFiles files(kFiles);
  auto request = make_request(Method::kGet, target);
  request.headers.add("Accept", accept);
  return files.serve(request);
}

constexpr std::string_view kNavigation = "text/html,application/xhtml+xml,*/*;q=0.8";

const CachedBody* body_of(const Response& response) {
  const auto* body = std::get_if<std::shared_ptr<const CachedBody>>(&response.body);
  return body ? body->get() : nullptr;
}

TEST(StaticFiles, ServesHashedFilesForAYear) {
  const auto response = serve("/assets/app-3f2a91c0.js");
  ASSERT_TRUE(body_of(response));
  EXPECT_EQ(body_of(response)->bytes(), "code");
  const auto* brotli = body_of(response)->variant(CachedBody::kBrotli);
  ASSERT_TRUE(brotli);
  EXPECT_EQ(brotli->bytes, "br");
  EXPECT_EQ(brotli->etag, "\"def-br\"");
  EXPECT_THAT(brotli->head,
              testing::HasSubstr("Cache-Control: public, max-age=31536000, immutable\r\n"));
}

TEST(StaticFiles, ServesThePageForEveryPathOfTheApplication) {
  for (const auto* target : {"/", "/index.html", "/roads", "/roads/cam-1?x=1", "/a/b/",
                             "/roads/mill.st", "/sky/v1.0/x"}) {
    const auto response = serve(target, kNavigation);
    ASSERT_TRUE(body_of(response)) << target;
    EXPECT_EQ(body_of(response)->bytes(), kPage);
    EXPECT_EQ(body_of(response)->variant(CachedBody::kGzip), nullptr);
    EXPECT_THAT(body_of(response)->variant(CachedBody::kIdentity)->head,
                testing::HasSubstr("Cache-Control: no-cache\r\n"));
  }
}

TEST(StaticFiles, KnowsWhatIsNotThere) {
  EXPECT_EQ(serve("/assets/app-00000000.js").status, 404);
  EXPECT_EQ(serve("/favicon.ico", "image/avif,image/webp,*/*;q=0.8").status, 404);
  EXPECT_EQ(serve("/roads", "application/json").status, 404) << "nobody asked for a page";
  EXPECT_EQ(serve("/roads/mill.st").status, 404);
  EXPECT_TRUE(body_of(serve("/roads/mill-street")));
  EXPECT_TRUE(body_of(serve("/")));
}

}  // namespace
}  // namespace vedette::http
