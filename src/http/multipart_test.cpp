#include "http/multipart.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <string>

namespace vedette::http {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

std::string part(std::string_view name, std::string_view content, std::string_view more = {}) {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" +
         std::string(more) + "\r\n\r\n" + std::string(content) + "\r\n";
}

TEST(Multipart, ReadsParts) {
  const std::string image("\x89PNG\r\n\0--X\r\n-", 13);
  const auto body = part("image", image, "; filename=\"../a.png\"\r\nContent-Type: image/png") +
                    part("gps", R"({"lat":1})") + part("empty", "") + "--XX--\r\n";
  const auto parts = parse_multipart(kType, body);
  ASSERT_TRUE(parts) << parts.error().message;
  ASSERT_EQ(parts->size(), 3u);
  EXPECT_EQ((*parts)[0].name, "image");
  EXPECT_EQ((*parts)[0].file_name, "../a.png");
  EXPECT_EQ((*parts)[0].content_type, "image/png");
  EXPECT_EQ((*parts)[0].content, image);
  EXPECT_EQ((*parts)[1].content, R"({"lat":1})");
  EXPECT_EQ((*parts)[1].file_name, std::nullopt);
  EXPECT_EQ((*parts)[2].content, "");
  EXPECT_TRUE(parse_multipart(kType, "preamble\r\n" + body));
  EXPECT_TRUE(parse_multipart("Multipart/Form-Data; charset=utf-8; boundary=\"XX\"", body));
  EXPECT_EQ(parse_multipart(kType, "--XX--")->size(), 0u);
}

TEST(Multipart, RefusesBrokenForms) {
  const auto code_of = [](std::string_view type, std::string_view body) {
    const auto parts = parse_multipart(type, body);
    return parts ? ErrorCode::kInternal : parts.error().code;
  };
  EXPECT_EQ(code_of("application/json", ""), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of("multipart/form-data", ""), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of("multipart/form-data; boundary=" + std::string(71, 'x'), ""),
            ErrorCode::kCorrupt);
  const auto whole = part("a", "1") + part("b", "2") + "--XX--\r\n";
  for (std::size_t size = 0; size < whole.size() - 4; ++size) {
    EXPECT_EQ(code_of(kType, whole.substr(0, size)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_EQ(code_of(kType, "--XXgarbage\r\n\r\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(kType, "--XX\r\nno colon\r\n\r\nx\r\n--XX--"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(kType, "--XX\r\n\r\nx\r\n--XX--"), ErrorCode::kCorrupt);
}

TEST(Multipart, KeepsItsLimits) {
  MultipartLimits limits;
  limits.parts = 2;
  const auto three = part("a", "1") + part("b", "2") + part("c", "3") + "--XX--";
  EXPECT_EQ(parse_multipart(kType, three, limits).error().code, ErrorCode::kTooLarge);
  const auto fat = part("a", "1", "; x=" + std::string(5000, 'x')) + "--XX--";
  EXPECT_EQ(parse_multipart(kType, fat).error().code, ErrorCode::kTooLarge);
}

TEST(Multipart, ReadsBackAnyContent) {
  EXPECT_TRUE(rc::check("contents come back", [](const std::vector<std::string>& contents) {
    RC_PRE(contents.size() <= 32);
    std::string body;
    for (const auto& content : contents) {
      RC_PRE(content.find("--XX") == std::string::npos);
      body += part("p", content);
    }
    body += "--XX--";
    const auto parts = parse_multipart(kType, body);
    RC_ASSERT(parts.has_value());
    RC_ASSERT(parts->size() == contents.size());
    for (std::size_t i = 0; i < contents.size(); ++i) RC_ASSERT((*parts)[i].content == contents[i]);
  }));
}

}  // namespace
}  // namespace vedette::http
