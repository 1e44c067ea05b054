#include "app/options.hpp"

#include <gtest/gtest.h>

#include "base/process.hpp"

namespace vedette::app {
namespace {

config::Settings listening(std::string host, std::string advertise_host = "") {
  config::Settings settings;
  settings.http.listen_host = std::move(host);
  settings.http.advertise_host = std::move(advertise_host);
  settings.http.advertise_port = 9000;
  return settings;
}

TEST(OwnAddress, IsOneThatOthersCanUse) {
  EXPECT_EQ(own_address(listening("127.0.0.1"), 4711), "http://127.0.0.1:4711");
  EXPECT_EQ(own_address(listening("::1"), 4711), "http://[::1]:4711");
  EXPECT_EQ(own_address(listening("0.0.0.0"), 4711), "http://" + host_name() + ":4711");
  EXPECT_EQ(own_address(listening("::"), 4711), "http://" + host_name() + ":4711");
  EXPECT_EQ(own_address(listening("0.0.0.0", "cam1.lan"), 4711), "http://cam1.lan:9000");
}

TEST(OwnAddress, IsAHostThatTheServerKnows) {
  EXPECT_EQ(auth_options(listening("127.0.0.1", "cam1.lan")).own_name, "cam1.lan");
  EXPECT_EQ(auth_options(listening("0.0.0.0")).own_name, host_name());
}

}  // namespace
}  // namespace vedette::app
