#include "base/csv.hpp"

#include <gtest/gtest.h>

namespace vedette {
namespace {

TEST(Csv, QuotesWhatNeedsIt) {
  EXPECT_EQ(csv_field("plain"), "plain");
  EXPECT_EQ(csv_field("a,b"), "\"a,b\"");
  EXPECT_EQ(csv_field("say \"so\""), "\"say \"\"so\"\"\"");
}

TEST(Csv, NoSpreadsheetRunsIt) {
  EXPECT_EQ(csv_field("=1+1"), "'=1+1");
  EXPECT_EQ(csv_field("@cmd,x"), "\"'@cmd,x\"");
}

}  // namespace
}  // namespace vedette
