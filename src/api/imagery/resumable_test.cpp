#include "api/imagery/resumable.hpp"

#include <gmock/gmock.h>

#include "api/imagery/imagery_room_test.hpp"
#include "base/id.hpp"

namespace vedette::api {
namespace {

using ::testing::IsEmpty;
using ::testing::SizeIs;

TEST(UploadMetadata, ReadsNamesAndValues) {
  const auto read = read_upload_metadata("filename RmVsZCBTw7xkLnRpZg==,is_raw, gps e30=");
  ASSERT_TRUE(read);
  EXPECT_EQ(read->at("filename"),
            "Feld S\xc3\xbc"
            "d.tif");
  EXPECT_EQ(read->at("is_raw"), "");
  EXPECT_EQ(read->at("gps"), "{}");
  EXPECT_TRUE(read_upload_metadata("")->empty());
  for (const char* wrong : {",", "a b!", "a YQ==,a YQ==", "a /w==", "a Y"}) {
    EXPECT_FALSE(read_upload_metadata(wrong)) << wrong;
  }
}

TEST(Base64, IsReadAsItIsWritten) {
  EXPECT_EQ(decode_base64(""), "");
  EXPECT_EQ(decode_base64("Zg=="), "f");
  EXPECT_EQ(decode_base64("Zm8="), "fo");
  EXPECT_EQ(decode_base64("Zm9v"), "foo");
  EXPECT_EQ(decode_base64("Zm9vYmFy"), "foobar");
  EXPECT_EQ(decode_base64("Zg"), "f");
  EXPECT_EQ(decode_base64("Z"), std::nullopt);
  EXPECT_EQ(decode_base64("Zm 9"), std::nullopt);
}

class Resumable : public ImageryRoom {
 protected:
  using Fields = std::vector<std::pair<std::string, std::string>>;

  http::Response ask(http::Method method, std::string_view target, const Fields& fields,
                     std::string body = {}) {
    http::Request request = http::make_request(method, target, std::move(body));
    for (const auto& [name, value] : fields) request.headers.add(name, value);
    return handle(std::move(request));
  }
  /// Where it is to go on.
  std::string begin(std::size_t size, const std::string& metadata = "filename Zi5qcGc=") {
    const http::Response response = ask(http::Method::kPost, "/api/uploads",
                                        {{"Tus-Resumable", "1.0.0"},
                                         {"Upload-Length", std::to_string(size)},
                                         {"Upload-Metadata", metadata}});
    EXPECT_EQ(response.status, 201) << response.text();
    return std::string(response.header("location").value_or(""));
  }
  http::Response send(std::string_view at, std::size_t offset, std::string part) {
    return ask(http::Method::kPatch, at,
               {{"Tus-Resumable", "1.0.0"},
                {"Upload-Offset", std::to_string(offset)},
                {"Content-Type", "application/offset+octet-stream"}},
               std::move(part));
  }
};

TEST_P(Resumable, PartsBecomeAnImage) {
  const std::string content = jpeg(std::string(50'000, 'x'));
  const std::string at = begin(content.size());
  EXPECT_EQ(read(at).at("offset").as_int64(), 0);
  std::size_t offset = 0;
  for (const std::size_t size : {std::size_t{1}, std::size_t{20'000}, content.size()}) {
    const http::Response response = send(at, offset, content.substr(offset, size));
    ASSERT_EQ(response.status, 204) << response.text();
    EXPECT_EQ(response.header("tus-resumable"), "1.0.0");
    offset = std::min(offset + size, content.size());
    EXPECT_EQ(response.header("upload-offset"), std::to_string(offset));
    EXPECT_EQ(response.header("vedette-image").has_value(), offset == content.size());
  }
  const std::string image(read(at).at("image").as_string());
  const json::value shown = read("/api/images/" + image);
  EXPECT_EQ(std::string(shown.at("original_name").as_string()), "f.jpg");
  EXPECT_EQ(shown.at("file_size").as_int64(), static_cast<std::int64_t>(content.size()));
  EXPECT_THAT(keys(), SizeIs(1)) << "the parts are gone";
  // A client that did not hear the last answer asks again.
  const http::Response again = send(at, content.size(), "");
  EXPECT_EQ(again.status, 204);
  EXPECT_EQ(again.header("vedette-image"), image);
  // The same bytes are the same image.
  const std::string other = begin(content.size());
  EXPECT_EQ(send(other, 0, content).header("vedette-image"), image);
  EXPECT_THAT(keys(), SizeIs(1));
}

TEST_P(Resumable, GoesOnOnlyWhereItIs) {
  const std::string content = jpeg("0123456789");
  const std::string at = begin(content.size());
  EXPECT_EQ(send(at, 3, "abc").status, 409);
  ASSERT_EQ(send(at, 0, content.substr(0, 5)).status, 204);
  EXPECT_EQ(send(at, 0, content.substr(0, 5)).status, 409);
  EXPECT_EQ(send(at, 5, content).status, 413) << "more than was said";
  EXPECT_EQ(read(at).at("offset").as_int64(), 5) << "and nothing of it counts";
  EXPECT_THAT(keys(), SizeIs(1));
  EXPECT_EQ(ask(http::Method::kDelete, at, {{"Tus-Resumable", "1.0.0"}}).status, 204);
  EXPECT_EQ(get(at).status, 404);
  EXPECT_THAT(keys(), IsEmpty());
  EXPECT_EQ(send(at, 5, "x").status, 404);
  EXPECT_EQ(get("/api/uploads/nobody").status, 404);
}

TEST_P(Resumable, RefusesWhatItCannotTake) {
  const auto status = [&](const Fields& fields) {
    return ask(http::Method::kPost, "/api/uploads", fields).status;
  };
  EXPECT_EQ(status({{"Upload-Length", "5"}}), 412);
  EXPECT_EQ(status({{"Tus-Resumable", "0.2"}, {"Upload-Length", "5"}}), 412);
  EXPECT_EQ(status({{"Tus-Resumable", "1.0.0"}}), 400);
  EXPECT_EQ(status({{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "0"}}), 400);
  EXPECT_EQ(status({{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "-1"}}), 400);
  EXPECT_EQ(status({{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "100001"}}), 413);
  EXPECT_EQ(
      status(
          {{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "5"}, {"Upload-Metadata", "filename !"}}),
      400);
  EXPECT_EQ(
      status({{"Tus-Resumable", "1.0.0"}, {"Upload-Length", "5"}, {"Upload-Metadata", "gps e10="}}),
      400);
  EXPECT_EQ(status({{"Tus-Resumable", "1.0.0"},
                    {"Upload-Length", "5"},
                    {"Upload-Metadata", "mission bm9ib2R5"}}),
            404);
  const std::string at = begin(6);
  EXPECT_EQ(ask(http::Method::kPatch, at, {{"Tus-Resumable", "1.0.0"}, {"Upload-Offset", "0"}}, "x")
                .status,
            415);
  EXPECT_EQ(send(at, 0, "<html>").status, 415) << "no image";
  EXPECT_EQ(get(at).status, 404) << "and it will not become one";
  EXPECT_THAT(keys(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Stores, Resumable,
                         ::testing::Values(db::Dialect::kSqlite, db::Dialect::kPostgres),
                         db::testing::store_name);

}  // namespace
}  // namespace vedette::api
