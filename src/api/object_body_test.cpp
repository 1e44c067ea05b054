#include "api/object_body.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <variant>

#include "base/testing/temp_folder.hpp"
#include "blob/key.hpp"
#include "blob/store.hpp"

namespace vedette::api {
namespace {

class ObjectBody : public testing::Test {
 protected:
  std::string put(const std::string& content) {
    std::string key = blob::content_key("exports", sha256(content), "csv");
    must(blobs_->put(key, blob::from_text(content), {}));
    return key;
  }
  static const http::FileBody& body_of(const http::Response& response) {
    return *std::get<std::shared_ptr<const http::FileBody>>(response.body);
  }

  TempFolder folder_;
  std::unique_ptr<blob::Store> blobs_ =
      must(blob::open({.folder = {.folder = folder_.path() / "blobs"}, .s3 = {}}));
};

TEST_F(ObjectBody, IsTheObjectUnderATagOfItsContent) {
  const std::string content(3 << 20, 'x');
  const std::string key = put(content);
  const auto response =
      must(object_response(*blobs_, key, {.content_type = "text/csv", .file_name = "mill.csv"}));
  EXPECT_EQ(response.header("content-type"), "text/csv");
  EXPECT_EQ(response.header("content-disposition"), "attachment; filename=\"mill.csv\"");
  const http::FileBody& body = body_of(response);
  ASSERT_EQ(body.size(), content.size());
  std::string read(content.size(), '\0');
  EXPECT_EQ(pread(body.descriptor(), read.data(), read.size(), 0), std::ssize(read));
  EXPECT_EQ(read, content);
  EXPECT_TRUE(body.etag().starts_with('"') && body.etag().ends_with('"')) << body.etag();
  // Whoever asks again, of whatever process, is told the same.
  put(content);
  const auto again = must(object_response(*blobs_, key, {.content_type = "text/csv"}));
  EXPECT_EQ(body_of(again).etag(), body.etag());
  EXPECT_FALSE(again.header("content-disposition"));
  const auto other = must(object_response(*blobs_, put("other"), {.content_type = "text/csv"}));
  EXPECT_NE(body_of(other).etag(), body.etag());
}

TEST_F(ObjectBody, WhatIsNotThereIsAnError) {
  const auto response =
      object_response(*blobs_, "exports/00/0000.csv", {.content_type = "text/csv"});
  ASSERT_FALSE(response);
  EXPECT_EQ(response.error().code, ErrorCode::kNotFound);
}

}  // namespace
}  // namespace vedette::api
