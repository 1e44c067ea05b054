#include "http/multipart.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include <string>
#include <vector>

namespace vedette::http {
namespace {

constexpr std::string_view kType = "multipart/form-data; boundary=XX";

struct Read {
  FormPart head;
  std::string content;
};

/// The whole body, handed over in pieces of `step` bytes.
Result<std::vector<Read>> read_form(std::string_view type, std::string_view body,
                                    const MultipartLimits& limits = {},
                                    std::size_t step = 1 << 20) {
  VEDETTE_TRY(reader, MultipartReader::make(type, limits));
  std::vector<Read> parts;
  const MultipartReader::Sink sink{[&](FormPart part) -> Result<void> {
                                     parts.push_back({std::move(part), {}});
                                     return {};
                                   },
                                   [&](std::string_view content) -> Result<void> {
                                     EXPECT_FALSE(content.empty());
                                     parts.back().content += content;
                                     return {};
                                   }};
  while (!body.empty()) {
    VEDETTE_CHECK(reader.feed(body.substr(0, step), sink));
    body.remove_prefix(std::min(step, body.size()));
  }
  VEDETTE_CHECK(reader.finish());
  return parts;
}

std::string part(std::string_view name, std::string_view content, std::string_view more = {}) {
  return "--XX\r\nContent-Disposition: form-data; name=\"" + std::string(name) + "\"" +
         std::string(more) + "\r\n\r\n" + std::string(content) + "\r\n";
}

TEST(Multipart, ReadsPartsHoweverTheyAreCut) {
  const std::string image("\x89PNG\r\n\0--X\r\n-", 13);
  const auto body = part("image", image, "; filename=\"../a.png\"\r\nContent-Type: image/png") +
                    part("gps", R"({"lat":1})") + part("empty", "") + "--XX--\r\nepilogue";
  for (const std::size_t step : {1u, 2u, 3u, 7u, 50u, 10'000u}) {
    const auto parts = read_form(kType, body, {}, step);
    ASSERT_TRUE(parts) << parts.error().message;
    ASSERT_EQ(parts->size(), 3u);
    EXPECT_EQ((*parts)[0].head.name, "image");
    EXPECT_EQ((*parts)[0].head.file_name, "../a.png");
    EXPECT_EQ((*parts)[0].head.content_type, "image/png");
    EXPECT_EQ((*parts)[0].content, image);
    EXPECT_EQ((*parts)[1].content, R"({"lat":1})");
    EXPECT_EQ((*parts)[1].head.file_name, std::nullopt);
    EXPECT_EQ((*parts)[2].content, "");
  }
  EXPECT_TRUE(read_form(kType, "preamble\r\n" + body));
  EXPECT_TRUE(read_form("Multipart/Form-Data; charset=utf-8; boundary=\"XX\"", body));
  EXPECT_EQ(read_form(kType, "--XX--")->size(), 0u);
  EXPECT_EQ(read_form(kType, "--XX \t\r\n" + part("a", "1").substr(6) + "--XX--")->size(), 1u);
}

TEST(Multipart, ReadsNamesOfFilesAsClientsWriteThem) {
  const auto name_of = [](std::string_view parameters) {
    const auto parts = read_form(kType, part("image", "x", parameters) + "--XX--");
    return parts ? parts->front().head.file_name : std::nullopt;
  };
  EXPECT_EQ(name_of("; filename=plain.jpg"), "plain.jpg");
  EXPECT_EQ(name_of("; filename=\"a;b.jpg\""), "a;b.jpg");
  EXPECT_EQ(name_of("; filename=\"say \\\"hi\\\".jpg\""), "say \"hi\".jpg");
  EXPECT_EQ(name_of("; filename=\"a\\\\b.jpg\""), "a\\b.jpg");
  EXPECT_EQ(name_of("; filename=\"C:\\flight\\a.jpg\""), "C:\\flight\\a.jpg");
  EXPECT_EQ(name_of("; filename=\"a.jpg\"; filename*=UTF-8''S%C3%BCd.jpg"),
            "S\xc3\xbc"
            "d.jpg");
  EXPECT_EQ(name_of("; filename*=utf-8'de'S%C3%BCd.jpg"),
            "S\xc3\xbc"
            "d.jpg");
  EXPECT_EQ(name_of("; filename=\"a.jpg\"; filename*=UTF-8''%zz"), "a.jpg");
  EXPECT_EQ(name_of("; filename=\"a.jpg\"; filename*=latin1''b.jpg"), "a.jpg");
  EXPECT_EQ(name_of("; filename*=latin1''b.jpg"), std::nullopt);
  EXPECT_EQ(name_of("; filename=\"\""), "");
  EXPECT_EQ(name_of(""), std::nullopt);
}

TEST(Multipart, RefusesBrokenForms) {
  const auto code_of = [](std::string_view type, std::string_view body) {
    const auto parts = read_form(type, body);
    return parts ? ErrorCode::kInternal : parts.error().code;
  };
  EXPECT_EQ(code_of("application/json", ""), ErrorCode::kUnsupported);
  EXPECT_EQ(code_of("multipart/form-data", ""), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of("multipart/form-data; boundary=" + std::string(71, 'x'), ""),
            ErrorCode::kCorrupt);
  const auto whole = part("a", "1") + part("b", "2") + "--XX--\r\n";
  for (std::size_t size = 0; size < whole.size() - 2; ++size) {
    EXPECT_EQ(code_of(kType, whole.substr(0, size)), ErrorCode::kCorrupt) << size;
  }
  EXPECT_EQ(code_of(kType, "--XXgarbage\r\n\r\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(kType, "--XX" + std::string(100, ' ') + "\r\n"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(kType, "--XX\r\nno colon\r\n\r\nx\r\n--XX--"), ErrorCode::kCorrupt);
  EXPECT_EQ(code_of(kType, "--XX\r\n\r\nx\r\n--XX--"), ErrorCode::kCorrupt);
}

TEST(Multipart, KeepsItsLimits) {
  MultipartLimits limits;
  limits.parts = 2;
  const auto three = part("a", "1") + part("b", "2") + part("c", "3") + "--XX--";
  EXPECT_EQ(read_form(kType, three, limits).error().code, ErrorCode::kTooLarge);
  const auto fat = part("a", "1", "; x=" + std::string(5000, 'x')) + "--XX--";
  for (const std::size_t step : {1u, 100u, 10'000u}) {
    EXPECT_EQ(read_form(kType, fat, {}, step).error().code, ErrorCode::kTooLarge);
    EXPECT_EQ(read_form(kType, std::string(5000, 'x'), {}, step).error().code, ErrorCode::kCorrupt);
  }
}

TEST(Multipart, PassesOnWhatItsSinkMeets) {
  auto reader = MultipartReader::make(kType);
  ASSERT_TRUE(reader);
  const auto fed = reader->feed(part("a", "much"), {[](FormPart) -> Result<void> { return {}; },
                                                    [](std::string_view) -> Result<void> {
                                                      return fail(ErrorCode::kDiskFull, "no space");
                                                    }});
  ASSERT_FALSE(fed);
  EXPECT_EQ(fed.error().code, ErrorCode::kDiskFull);
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
    const auto parts = read_form(kType, body, {}, *rc::gen::inRange<std::size_t>(1, 64));
    RC_ASSERT(parts.has_value());
    RC_ASSERT(parts->size() == contents.size());
    for (std::size_t i = 0; i < contents.size(); ++i) RC_ASSERT((*parts)[i].content == contents[i]);
  }));
}

}  // namespace
}  // namespace vedette::http
