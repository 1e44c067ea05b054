#include "base/log.hpp"

#include <gmock/gmock.h>

namespace vedette::log {
namespace {

using ::testing::EndsWith;
using ::testing::internal::CaptureStderr;
using ::testing::internal::GetCapturedStderr;

TEST(Log, AnEventIsOneLineWhateverItsTextHolds) {
  CaptureStderr();
  warn("db", "server says:\n\tno\x1b[31m way{}", "\r\n");
  EXPECT_THAT(GetCapturedStderr(), EndsWith("warning db: server says:  no [31m way\n"));
}

}  // namespace
}  // namespace vedette::log
