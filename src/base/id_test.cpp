#include "base/id.hpp"

#include <gtest/gtest.h>

#include <regex>
#include <set>

namespace vedette {
namespace {

TEST(Id, UuidsAreVersionFourAndNeverTheSame) {
  const std::regex shape("[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}");
  std::set<std::string> seen;
  for (int i = 0; i < 1000; ++i) {
    const std::string id = new_uuid();
    EXPECT_TRUE(std::regex_match(id, shape)) << id;
    EXPECT_TRUE(seen.insert(id).second);
  }
}

TEST(Id, HexHasTwoDigitsAByte) {
  EXPECT_EQ(random_hex(20).size(), 40U);
}

}  // namespace
}  // namespace vedette
