#include "work/cpu_pool.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <latch>
#include <mutex>
#include <stdexcept>

#include "work/testing/eventually.hpp"

namespace vedette::work {
namespace {

using testing::eventually;

Result<void> nothing(const std::stop_token&) {
  return {};
}

/// Keeps one thread of a pool until it is told to let go.
struct Blocker {
  std::latch has_begun{1};
  std::latch may_end{1};

  CpuPool::Work work() {
    return [this](const std::stop_token&) -> Result<void> {
      has_begun.count_down();
      may_end.wait();
      return {};
    };
  }
};

TEST(CpuPool, AnswersWithWhatTheWorkAnswers) {
  CpuPool pool({.threads = 2});
  EXPECT_EQ(pool.threads(), 2);
  EXPECT_TRUE(pool.run("a", {}, nothing));
  const auto failed = pool.run("a", {}, [](const std::stop_token&) -> Result<void> {
    return fail(ErrorCode::kCorrupt, "Not a picture.");
  });
  EXPECT_EQ(failed.error().message, "Not a picture.");
}

TEST(CpuPool, WhatIsThrownIsAnErrorAndTheThreadGoesOn) {
  CpuPool pool({.threads = 1});
  const auto thrown = pool.run("a", {}, [](const std::stop_token&) -> Result<void> {
    throw std::runtime_error("a defect");
  });
  EXPECT_EQ(thrown.error().code, ErrorCode::kInternal);
  EXPECT_EQ(thrown.error().detail, "a defect");
  const auto other = pool.run("a", {}, [](const std::stop_token&) -> Result<void> { throw 7; });
  EXPECT_EQ(other.error().code, ErrorCode::kInternal);
  EXPECT_TRUE(pool.run("a", {}, nothing));
}

// A hundred of one group do not keep the single one of another waiting for more than one turn.
TEST(CpuPool, GroupsTakeTurns) {
  CpuPool pool({.threads = 1, .waiting_a_group = 200});
  Blocker blocker;
  auto blocked = pool.submit("many", {}, blocker.work());
  blocker.has_begun.wait();
  std::mutex order_mutex;
  std::string order;
  const auto note = [&](char which) {
    return [&, which](const std::stop_token&) -> Result<void> {
      const std::lock_guard lock(order_mutex);
      order += which;
      return {};
    };
  };
  std::vector<std::future<Result<void>>> answers;
  for (int i = 0; i < 100; ++i) answers.push_back(pool.submit("many", {}, note('m')));
  for (int i = 0; i < 3; ++i) answers.push_back(pool.submit("few", {}, note('f')));
  answers.push_back(pool.submit("one", {}, note('o')));
  blocker.may_end.count_down();
  for (auto& answer : answers) EXPECT_TRUE(answer.get());
  EXPECT_TRUE(blocked.get());
  EXPECT_EQ(order.substr(0, 7), "fmofmfm");
  EXPECT_EQ(order.size(), 104U);
}

// Whoever has a thread already waits for those who have none.
TEST(CpuPool, ThreadsAreSharedOutEvenly) {
  CpuPool pool({.threads = 2});
  Blocker first;
  Blocker second;
  Blocker third;
  auto a = pool.submit("a", {}, first.work());
  first.has_begun.wait();
  auto filler = pool.submit("b", {}, second.work());
  second.has_begun.wait();
  std::atomic<bool> has_second_of_a = false;
  auto again = pool.submit("a", {}, [&](const std::stop_token&) -> Result<void> {
    has_second_of_a = true;
    return {};
  });
  auto c = pool.submit("c", {}, third.work());
  second.may_end.count_down();
  third.has_begun.wait();
  EXPECT_FALSE(has_second_of_a);
  third.may_end.count_down();
  first.may_end.count_down();
  for (auto* answer : {&a, &filler, &again, &c}) EXPECT_TRUE(answer->get());
}

TEST(CpuPool, AGroupThatHasTooManyWaitingIsToldSo) {
  CpuPool pool({.threads = 1, .waiting_a_group = 2});
  Blocker blocker;
  auto blocked = pool.submit("a", {}, blocker.work());
  blocker.has_begun.wait();
  auto one = pool.submit("a", {}, nothing);
  auto two = pool.submit("a", {}, nothing);
  EXPECT_EQ(pool.run("a", {}, nothing).error().code, ErrorCode::kTooMany);
  auto other = pool.submit("b", {}, nothing);
  blocker.may_end.count_down();
  for (auto* answer : {&blocked, &one, &two, &other}) EXPECT_TRUE(answer->get());
}

TEST(CpuPool, WhatIsNotWantedAnyMoreIsNotBegun) {
  CpuPool pool({.threads = 1});
  Blocker blocker;
  auto blocked = pool.submit("a", {}, blocker.work());
  blocker.has_begun.wait();
  std::stop_source stop;
  std::atomic<bool> has_run = false;
  auto waiting = pool.submit("a", stop.get_token(), [&](const std::stop_token&) -> Result<void> {
    has_run = true;
    return {};
  });
  stop.request_stop();
  blocker.may_end.count_down();
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kCancelled);
  EXPECT_FALSE(has_run);
}

TEST(CpuPool, WhatRunsIsAskedToStop) {
  CpuPool pool({.threads = 1});
  std::stop_source stop;
  std::latch has_begun{1};
  auto running = pool.submit("a", stop.get_token(), [&](const std::stop_token& token) {
    has_begun.count_down();
    return eventually([&] { return token.stop_requested(); })
               ? fail(ErrorCode::kCancelled, "Asked to stop.")
               : Result<void>{};
  });
  has_begun.wait();
  stop.request_stop();
  EXPECT_EQ(running.get().error().message, "Asked to stop.");
}

TEST(CpuPool, ItsEndCancelsWhatWaitsAndStopsWhatRuns) {
  std::future<Result<void>> running;
  std::future<Result<void>> waiting;
  {
    CpuPool pool({.threads = 1});
    std::latch has_begun{1};
    running = pool.submit("a", {}, [&](const std::stop_token& token) -> Result<void> {
      has_begun.count_down();
      if (!eventually([&] { return token.stop_requested(); })) return {};
      return fail(ErrorCode::kCancelled, "Asked to stop.");
    });
    has_begun.wait();
    waiting = pool.submit("a", {}, nothing);
  }
  EXPECT_EQ(running.get().error().message, "Asked to stop.");
  EXPECT_EQ(waiting.get().error().code, ErrorCode::kCancelled);
}

}  // namespace
}  // namespace vedette::work
