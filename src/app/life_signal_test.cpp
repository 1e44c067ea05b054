#include "app/life_signal.hpp"

#include <gtest/gtest.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <chrono>
#include <cstring>
#include <memory>
#include <optional>
#include <string>

namespace vedette::app {
namespace {

using namespace std::chrono_literals;

class LifeSignalTest : public ::testing::Test {
 protected:
  void SetUp() override {
    name_ = "@vedette-life-signal-" + std::to_string(getpid());
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path + 1, name_.data() + 1, name_.size() - 1);
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name_.size());
    handle_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(handle_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  void TearDown() override { ::close(handle_); }

  // The next datagram, waited for as long as it takes.
  std::string hear() const {
    std::array<char, 4096> text{};
    const auto size = ::recv(handle_, text.data(), text.size(), 0);
    return std::string(text.data(), size < 0 ? 0 : static_cast<std::size_t>(size));
  }

  std::unique_ptr<LifeSignal> start(Micros watchdog) {
    return std::make_unique<LifeSignal>(
        NotifySocket(name_, watchdog),
        LifeSignal::Sources{.check = [this](Micros) -> Result<void> {
                              ++checks;
                              if (is_alive) return {};
                              return fail(ErrorCode::kUnavailable, "it hangs");
                            },
                            .describe = [this] { return is_busy ? "busy" : "idle"; }});
  }

  std::atomic<bool> is_alive{true};
  std::atomic<bool> is_busy{false};
  std::atomic<int> checks{0};

 private:
  std::string name_;
  int handle_ = -1;
};

TEST_F(LifeSignalTest, SaysReadyThenThatItLivesThenThatItStops) {
  auto signal = start(4ms);
  EXPECT_EQ(hear(), "READY=1\nWATCHDOG=1\nSTATUS=idle\n");
  EXPECT_EQ(hear(), "WATCHDOG=1\n");
  EXPECT_EQ(hear(), "WATCHDOG=1\n");
  is_busy = true;
  std::string heard;
  do heard = hear();
  while (heard == "WATCHDOG=1\n");
  EXPECT_EQ(heard, "WATCHDOG=1\nSTATUS=busy\n");
  signal.reset();
  do heard = hear();
  while (heard == "WATCHDOG=1\n");
  EXPECT_EQ(heard, "STOPPING=1\nSTATUS=Stopping");
}

TEST_F(LifeSignalTest, WhatHangsFallsSilentUntilItLivesAgain) {
  const auto signal = start(4ms);
  EXPECT_EQ(hear(), "READY=1\nWATCHDOG=1\nSTATUS=idle\n");
  is_alive = false;
  std::string heard;
  do heard = hear();
  while (heard == "WATCHDOG=1\n");
  EXPECT_EQ(heard, "STATUS=it hangs\n");
  const int before = checks;
  while (checks < before + 3) std::this_thread::yield();
  is_alive = true;
  // Nothing was said in between.
  EXPECT_EQ(hear(), "WATCHDOG=1\nSTATUS=idle\n");
}

TEST_F(LifeSignalTest, IsReadyNoSoonerThanItAnswers) {
  is_alive = false;
  const auto signal = start(4ms);
  while (checks < 2) std::this_thread::yield();
  is_alive = true;
  EXPECT_EQ(hear(), "READY=1\nWATCHDOG=1\nSTATUS=idle\n");
}

TEST_F(LifeSignalTest, WithoutAWatchdogNoLifeIsTold) {
  auto signal = start(0s);
  EXPECT_EQ(hear(), "READY=1\nSTATUS=idle\n");
  signal.reset();
  EXPECT_EQ(hear(), "STOPPING=1\nSTATUS=Stopping");
}

TEST(LifeSignal, WithoutAManagerNothingIsAsked) {
  int checks = 0;
  {
    const LifeSignal signal(NotifySocket(""), {.check = [&](Micros) -> Result<void> {
                                                 return ++checks, Result<void>();
                                               },
                                               .describe = [] { return std::string(); }});
  }
  EXPECT_EQ(checks, 0);
}

}  // namespace
}  // namespace vedette::app
