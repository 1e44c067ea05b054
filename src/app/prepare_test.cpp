// The start on a database that is late, full, or never will do.
#include "app/prepare.hpp"

#include <gtest/gtest.h>

#include <future>
#include <string>
#include <vector>

namespace vedette::app {
namespace {

struct Ending {
  std::promise<std::string> promise;

  Preparer::Steps steps(std::function<Result<void>()> prepare) {
    return {.prepare = std::move(prepare),
            .begin = [this] { promise.set_value("begun"); },
            .give_up = [this] { promise.set_value("given up"); }};
  }
  std::string wait() { return promise.get_future().get(); }
};

TEST(Preparer, BeginsAtOnceOnADatabaseThatIsThere) {
  api::Readiness readiness;
  Ending ending;
  Preparer preparer(readiness, ending.steps([] { return Result<void>(); }));
  EXPECT_EQ(ending.wait(), "begun");
  preparer.stop();
  EXPECT_FALSE(preparer.refusal());
}

TEST(Preparer, WaitsForWhatPassesAndSaysWhy) {
  for (const ErrorCode code : {ErrorCode::kUnavailable, ErrorCode::kDiskFull}) {
    api::Readiness readiness;
    Ending ending;
    std::vector<std::string> reasons;
    Preparer preparer(readiness, ending.steps([&]() -> Result<void> {
      reasons.push_back(readiness.why());
      if (reasons.size() > 1) return {};
      return fail(code, "It is not there.");
    }));
    EXPECT_EQ(ending.wait(), "begun");
    EXPECT_EQ(reasons.at(1), "It is not there.");
    EXPECT_FALSE(readiness.is_ready());  // that is for prepare() to say
  }
}

TEST(Preparer, GivesUpOnWhatNeverWillDo) {
  api::Readiness readiness;
  Ending ending;
  Preparer preparer(readiness, ending.steps([]() -> Result<void> {
    return fail(ErrorCode::kConflict, "A newer Vedette made it.");
  }));
  EXPECT_EQ(ending.wait(), "given up");
  preparer.stop();
  ASSERT_TRUE(preparer.refusal());
  EXPECT_EQ(preparer.refusal()->message, "A newer Vedette made it.");
  EXPECT_FALSE(readiness.is_ready());
}

TEST(Preparer, CanBeStoppedWhileItWaits) {
  api::Readiness readiness;
  std::promise<void> tried;
  Preparer preparer(readiness, {.prepare = [&, once = false]() mutable -> Result<void> {
                                  if (!std::exchange(once, true)) tried.set_value();
                                  return fail(ErrorCode::kUnavailable, "It is not there.");
                                },
                                .begin = [] { FAIL(); },
                                .give_up = [] { FAIL(); }});
  tried.get_future().wait();
  preparer.stop();
  EXPECT_FALSE(preparer.refusal());
}

}  // namespace
}  // namespace vedette::app
