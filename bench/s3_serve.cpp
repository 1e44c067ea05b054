// The S3 server of the tests, for bench/blob.py: starts it, makes a bucket, prints how to reach it,
// and ends with its standard input.
#include <fmt/format.h>

#include <cstdio>

#include "blob/testing/s3_server.hpp"

int main() {
  using vedette::blob::testing::S3Server;
  auto* server = S3Server::shared();
  if (server == nullptr) {
    fmt::print(stderr, "{}\n", S3Server::how_to_get());
    return 1;
  }
  const auto options = server->fresh_bucket();
  fmt::print("{} {} {} {}\n", options.endpoint, options.bucket, options.access_key,
             options.secret_key);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
