#include "api/response_cache.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <thread>
#include <vector>

namespace vedette::api {
namespace {

using namespace std::chrono_literals;

ResponseCache::Body body(std::string text) {
  return http::CachedBody::make("text/plain", std::move(text));
}

TEST(ResponseCache, MakesAnAnswerOnceForAll) {
  ResponseCache cache(10, 1h);
  std::atomic<int> made = 0;
  {
    std::vector<std::jthread> askers;
    for (int i = 0; i < 8; ++i) {
      askers.emplace_back([&] {
        const auto got = cache.get("k", [&]() -> Result<ResponseCache::Body> {
          ++made;
          return body("answer");
        });
        EXPECT_EQ((*got)->bytes(), "answer");
      });
    }
  }
  EXPECT_EQ(made, 1);
}

TEST(ResponseCache, NobodyWaitsForEverForWhatAnotherMakes) {
  ResponseCache cache(10, 1h, 1ms);
  std::latch begun(1);
  std::latch go(1);
  std::jthread maker([&] {
    const auto made = cache.get("k", [&]() -> Result<ResponseCache::Body> {
      begun.count_down();
      go.wait();
      return body("late");
    });
    EXPECT_EQ((*made)->bytes(), "late");
  });
  begun.wait();
  const auto got = cache.get("k", [] { return Result<ResponseCache::Body>(body("twice")); });
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error().code, ErrorCode::kUnavailable);
  go.count_down();
  maker.join();
  EXPECT_TRUE(cache.find("k"));
}

TEST(ResponseCache, ForgetsWhatChanged) {
  ResponseCache cache(10, 1h);
  (void)cache.get("k", [] { return Result<ResponseCache::Body>(body("old")); });
  ASSERT_TRUE(cache.find("k"));
  cache.clear();
  EXPECT_FALSE(cache.find("k"));
}

TEST(ResponseCache, DoesNotKeepWhatWasOldBeforeItWasReady) {
  ResponseCache cache(10, 1h);
  const auto got = cache.get("k", [&]() -> Result<ResponseCache::Body> {
    cache.clear();  // a roll-up comes in between
    return body("stale");
  });
  EXPECT_EQ((*got)->bytes(), "stale");
  EXPECT_FALSE(cache.find("k"));
}

TEST(ResponseCache, DoesNotKeepErrors) {
  ResponseCache cache(10, 1h);
  EXPECT_FALSE(cache.get(
      "k", [] { return Result<ResponseCache::Body>(fail(ErrorCode::kUnavailable, "away")); }));
  EXPECT_TRUE(cache.get("k", [] { return Result<ResponseCache::Body>(body("back")); }));
}

TEST(ResponseCache, HoldsAtMostSoMany) {
  ResponseCache cache(3, 1h);
  for (int i = 0; i < 10; ++i) {
    (void)cache.get(std::to_string(i), [] { return Result<ResponseCache::Body>(body("x")); });
  }
  int held = 0;
  for (int i = 0; i < 10; ++i) held += cache.find(std::to_string(i)) ? 1 : 0;
  EXPECT_EQ(held, 3);
  EXPECT_TRUE(cache.find("9"));
}

}  // namespace
}  // namespace vedette::api
