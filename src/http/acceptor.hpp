// The listening socket: takes connections in and hands each to the io thread with the fewest.
// Internal to http; lives on the first io thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <vector>

#include "base/error.hpp"
#include "http/io_loop.hpp"

namespace vedette::http {

/// Outlives the io threads; goes before the loops.
class Acceptor {
 public:
  Acceptor(SharedState& shared, const std::vector<std::shared_ptr<IoLoop>>& loops);

  /// Before the threads run.
  Result<void> listen();
  std::uint16_t port() const { return port_; }
  void start();
  /// Any thread; nothing is accepted after the first io thread has got to it.
  void stop();

 private:
  void arm();
  void accept_all();
  void pause();
  IoLoop& least_loaded();

  SharedState& shared_;
  const std::vector<std::shared_ptr<IoLoop>>& loops_;
  boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>
      socket_;
  boost::asio::steady_timer pause_timer_;
  std::uint16_t port_ = 0;
  bool has_complained_ = false;
};

}  // namespace vedette::http
