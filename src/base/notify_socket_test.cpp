#include "base/notify_socket.hpp"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <string>

namespace vedette {
namespace {

using namespace std::chrono_literals;

// A manager's end of the socket.
class Listener {
 public:
  explicit Listener(const std::string& name)
      : handle_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::memcpy(address.sun_path, name.data(), name.size());
    if (name.front() == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(handle_, reinterpret_cast<const sockaddr*>(&address), length), 0);
  }
  ~Listener() { ::close(handle_); }
  Listener(const Listener&) = delete;
  Listener& operator=(const Listener&) = delete;

  // What was told first and not heard yet; it lies in the socket when tell() has returned.
  std::string hear() const {
    std::array<char, 4096> text{};
    const auto size = ::recv(handle_, text.data(), text.size(), MSG_DONTWAIT);
    return size < 0 ? "nothing" : std::string(text.data(), static_cast<std::size_t>(size));
  }

 private:
  int handle_;
};

class NotifySocketTest : public ::testing::Test {
 protected:
  void SetUp() override {
    std::string pattern =
        (std::filesystem::temp_directory_path() / "vedette-notify-XXXXXX").string();
    ASSERT_NE(mkdtemp(pattern.data()), nullptr);
    folder_ = pattern;
  }
  void TearDown() override {
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
    std::filesystem::remove_all(folder_);
  }
  std::filesystem::path folder_;
};

TEST_F(NotifySocketTest, IsToldThroughAPathOrAnAbstractName) {
  for (const std::string& name : {(folder_ / "notify").string(), "@" + folder_.string()}) {
    const Listener listener(name);
    EXPECT_TRUE(NotifySocket(name).tell("READY=1\nSTATUS=here"));
    EXPECT_EQ(listener.hear(), "READY=1\nSTATUS=here");
  }
}

TEST_F(NotifySocketTest, NobodyThereIsNoError) {
  const auto manager = NotifySocket::of_environment();
  EXPECT_FALSE(manager.is_there());
  EXPECT_TRUE(manager.tell("READY=1"));
}

TEST_F(NotifySocketTest, OneThatIsGoneOrCannotBeNamedIsSaid) {
  const auto gone = NotifySocket((folder_ / "gone").string()).tell("READY=1");
  ASSERT_FALSE(gone);
  EXPECT_TRUE(gone.error().message.contains("gone")) << gone.error().message;
  EXPECT_FALSE(NotifySocket("/" + std::string(200, 'a')).tell("READY=1"));
}

TEST_F(NotifySocketTest, TheEnvironmentNamesItAndHowOftenItListens) {
  setenv("NOTIFY_SOCKET", "/run/systemd/notify", 1);
  EXPECT_TRUE(NotifySocket::of_environment().is_there());
  EXPECT_EQ(NotifySocket::of_environment().watchdog(), 0us);
  setenv("WATCHDOG_USEC", "30000000", 1);
  EXPECT_EQ(NotifySocket::of_environment().watchdog(), 30s);
  setenv("WATCHDOG_PID", std::to_string(getpid()).c_str(), 1);
  EXPECT_EQ(NotifySocket::of_environment().watchdog(), 30s);
  setenv("WATCHDOG_PID", "1", 1);  // that of another process, whose environment was handed on
  EXPECT_EQ(NotifySocket::of_environment().watchdog(), 0us);
  setenv("WATCHDOG_USEC", "soon", 1);
  EXPECT_EQ(NotifySocket::of_environment().watchdog(), 0us);
  setenv("NOTIFY_SOCKET", "vsock:2:1", 1);  // of virtual machines: not spoken here
  EXPECT_FALSE(NotifySocket::of_environment().is_there());
}

}  // namespace
}  // namespace vedette
