// One test on each kind of store: what the conformance suite runs on. Only for tests; each opens a
// store of its own that is empty.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "base/testing/temp_folder.hpp"
#include "blob/store.hpp"

namespace vedette::blob::testing {

using vedette::must;
using vedette::TempFolder;

/// `size` bytes that do not repeat soon.
std::string content_of(std::size_t size, unsigned seed = 1);

enum class Kind { kFolder, kS3, kS3ByName };

/// Skips where there is no S3 server.
class EveryStore : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override;
  Store& store() { return *store_; }
  const StoreOptions& options() const { return options_; }

  void put(std::string_view key, const std::string& content) {
    must(store().put(key, from_text(content), {}));
  }
  std::string get(std::string_view key, const GetOptions& asked = {}) {
    return must(read_all(store(), key, std::size_t{64} << 20, asked));
  }

 private:
  TempFolder folder_;
  StoreOptions options_;
  std::unique_ptr<Store> store_;
};

std::string kind_name(const ::testing::TestParamInfo<Kind>& info);

}  // namespace vedette::blob::testing
