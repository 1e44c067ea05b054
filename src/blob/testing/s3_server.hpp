// A real S3 for tests: Ceph's radosgw with one monitor and one store in memory, which verifies
// every signature. On 127.0.0.1 and free ports, in a temporary folder, gone without trace at the
// end. Its programs are unpacked by tools/setup.sh --test, not installed. Use from one thread at a
// time.
#pragma once

#include <chrono>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/testing/daemon.hpp"
#include "blob/options.hpp"

namespace vedette::blob::testing {

class S3Server {
 public:
  static constexpr std::string_view kAccessKey = "VEDETTETESTACCESS";
  static constexpr std::string_view kSecretKey = "vedette/test+secret=key";

  /// The server of this test program, started at the first call (about 10 s); nullptr where its
  /// programs are not there (tests then skip, saying how to get them). Throws when they are, and it
  /// does not start.
  static S3Server* shared();
  static std::string how_to_get();

  ~S3Server();
  S3Server(const S3Server&) = delete;
  S3Server& operator=(const S3Server&) = delete;

  /// "http://127.0.0.1:port"; with a name, as buckets in front of the host need it,
  /// "http://localhost:port".
  std::string endpoint(bool by_name = false) const;
  int port() const { return port_; }
  /// Makes an empty bucket and says how to reach it.
  S3Options fresh_bucket();
  /// Removes a bucket and all in it.
  void remove_bucket(std::string_view bucket);

  /// Ends what answers requests; the objects stay.
  void stop();
  /// Starts it again on the same port, and returns when it answers.
  void start();
  /// Stands still (SIGSTOP) and goes on.
  void freeze() const { gateway_->signal(19); }
  void thaw() const { gateway_->signal(18); }

 private:
  explicit S3Server(std::filesystem::path programs);
  void make_cluster();
  void run(const std::vector<std::string>& words);
  void start_store();
  DaemonOptions program(std::string_view name, std::vector<std::string> arguments) const;
  void write_configuration() const;

  const std::filesystem::path programs_;
  const std::filesystem::path folder_;
  const std::string fsid_;
  int port_ = 0;
  int monitor_port_ = 0;
  int buckets_ = 0;
  std::unique_ptr<Daemon> monitor_;
  std::unique_ptr<Daemon> store_;
  std::unique_ptr<Daemon> gateway_;
};

}  // namespace vedette::blob::testing
