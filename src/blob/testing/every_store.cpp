#include "blob/testing/every_store.hpp"

#include <random>

#include "blob/testing/s3_server.hpp"

namespace vedette::blob::testing {

std::string content_of(std::size_t size, unsigned seed) {
  std::minstd_rand random(seed);
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>(random() >> 8U);
  return content;
}

void EveryStore::SetUp() {
  options_.folder = {.folder = folder_.path() / "blobs", .is_synced = false};
  if (GetParam() != Kind::kFolder) {
    auto* server = S3Server::shared();
    if (server == nullptr) GTEST_SKIP() << S3Server::how_to_get();
    options_.s3 = server->fresh_bucket();
    if (GetParam() == Kind::kS3ByName) {
      options_.s3.endpoint = server->endpoint(true);
      options_.s3.style = S3Options::Style::kVirtual;
      options_.s3.prefix = "our own/things";
    }
  }
  store_ = must(open(options_));
}

std::string kind_name(const ::testing::TestParamInfo<Kind>& info) {
  return info.param == Kind::kFolder ? "Folder" : info.param == Kind::kS3 ? "S3" : "S3ByName";
}

}  // namespace vedette::blob::testing
