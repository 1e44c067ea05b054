#include "blob/testing/every_store.hpp"

#include <random>
#include <system_error>

#include "base/id.hpp"

namespace vedette::blob::testing {

namespace fs = std::filesystem;

TempFolder::TempFolder() : path_(fs::temp_directory_path() / ("vedette-blob-" + new_uuid())) {
  fs::create_directory(path_);
}

TempFolder::~TempFolder() {
  std::error_code ignored;
  fs::remove_all(path_, ignored);
}

std::string content_of(std::size_t size, unsigned seed) {
  std::minstd_rand random(seed);
  std::string content(size, '\0');
  for (char& c : content) c = static_cast<char>(random() >> 8U);
  return content;
}

void EveryStore::SetUp() {
  options_.folder = {.folder = folder_.path() / "blobs", .is_synced = false};
  store_ = must(open(options_));
}

std::string kind_name(const ::testing::TestParamInfo<Kind>&) {
  return "Folder";
}

}  // namespace vedette::blob::testing
