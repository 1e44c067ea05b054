// A TCP line to a server on 127.0.0.1 that a test can let go dead: connections stay open and are
// made, but no byte goes either way. What a cable that was pulled or a firewall that forgot a
// connection looks like from both ends. For tests; the bytes are moved on its own thread.
#pragma once

#include <atomic>
#include <list>
#include <thread>

namespace vedette::db::testing {

class Relay {
 public:
  /// Throws when there is no socket to be had.
  explicit Relay(int server_port);
  /// Ends all connections.
  ~Relay();
  Relay(const Relay&) = delete;
  Relay& operator=(const Relay&) = delete;

  int port() const { return port_; }
  /// From now on no byte goes through; what is open stays so.
  void go_dead() { is_dead_ = true; }
  /// What was open while it was dead is lost; new connections go through.
  void come_back() { is_dead_ = false; }

 private:
  struct Pair {
    int client = -1;
    int server = -1;
    bool was_dead = false;
  };
  void run(const std::stop_token& stop);
  void accept_one();
  static bool move_bytes(int from, int to);

  const int server_port_;
  int port_ = 0;
  int listener_ = -1;
  std::atomic<bool> is_dead_ = false;
  std::list<Pair> pairs_;  // the thread's
  std::jthread thread_;
};

}  // namespace vedette::db::testing
