// What the tests of hostile servers share.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "base/time.hpp"
#include "blob/s3/s3_store.hpp"
#include "blob/testing/every_store.hpp"
#include "blob/testing/scripted_server.hpp"

namespace vedette::blob::s3 {

inline const SystemClock kClock;

inline std::unique_ptr<Store> store_at(const S3Options& options) {
  return testing::must(S3Store::make(options, kClock));
}

inline Sink nowhere() {
  return [](std::string_view) -> Result<void> { return {}; };
}

inline std::string md5_of(std::string_view bytes) {
  Digester md5(Digester::Kind::kMd5);
  md5.add(bytes);
  return to_hex(md5.finish());
}

}  // namespace vedette::blob::s3
