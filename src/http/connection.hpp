// One client: reads requests within their limits, has them answered, writes, waits for the next; or
// feeds a stream. Internal to http; lives on one io thread.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "http/body_stream.hpp"
#include "http/io_loop.hpp"
#include "http/response.hpp"
#include "http/stream.hpp"

namespace vedette::http {

class Connection final : public StreamConnection, public std::enable_shared_from_this<Connection> {
 public:
  /// `is_spare`: taken in although all places are taken, for one short answer.
  Connection(IoLoop& loop, int socket, std::string remote, bool is_spare);
  ~Connection() override;

  void start();
  void close();
  /// Closes as soon as what runs is done: at once when idle or streaming.
  void wind_down();
  /// The server stops: a handler that waits for the rest of a body gets an error.
  void abandon_body();
  /// Called by the loop's sweep once a second.
  void check_time();
  /// Nothing is lost when it is closed: between requests, and none has come that is not read yet.
  bool is_idle() const;
  bool is_spare() const { return is_spare_; }
  std::uint32_t since_s() const { return since_s_; }

  void send(const SharedBytes& bytes) override;
  std::size_t backlog() const override { return backlog_; }
  void finish() override;
  const std::shared_ptr<StreamLoop>& loop() const override { return stream_loop_; }

  std::size_t index = 0;  // in the loop's list

 private:
  enum class State : std::uint8_t {
    kIdle,       // between requests
    kHead,       // some of a head has come
    kBody,       // the head is accepted, the body is coming
    kReceiving,  // the handler runs, and the body comes as it asks for it
    kHandling,   // on the pool, the body is there
    kWriting,    // the socket is full
    kStreaming,  // a stream's, until the end
    kLingering,  // the last answer is sent; what still comes is thrown away
    kClosed,
  };

  static constexpr std::chrono::seconds kNever{0};

  void enter(State state, std::chrono::seconds limit);
  void arm_read();
  void arm_write();
  void on_readable();
  void on_writable();

  void consume(std::string_view input);
  void begin_request();
  bool accept_head();
  void dispatch();
  void begin_body_handler();
  void receive_body();
  void take_body(std::string_view input);
  void end_body(int status, Error error);
  void body_handled(Response response);
  void extend_body_time();
  void answer(Response response);
  void refuse(Response response);
  void refuse(int status, std::string_view why);
  void write_answer();
  void answered();
  void resume();
  void linger();

  void begin_stream(std::shared_ptr<Stream> stream);
  bool flush_stream();
  void time_out();

  IoLoop& loop_;
  boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>
      socket_;
  const int descriptor_;
  const bool is_spare_;
  State state_ = State::kIdle;
  bool close_after_ = false;
  bool is_refused_ = false;        // its input is not read to the end
  bool is_finishing_ = false;      // a stream that ends after its backlog
  bool has_body_handler_ = false;  // one that reads the body while it comes; exchange_ is its too
  bool is_continue_due_ = false;   // the client waits for the word to send its body
  bool is_waiting_to_write_ = false;
  bool is_waiting_to_read_ = false;
  std::uint32_t since_s_ = 0;  // when this state began
  std::uint32_t deadline_s_ = 0;
  std::uint32_t requests_ = 0;
  std::uint32_t line_ends_ = 0;  // before the next request
  std::size_t discarded_ = 0;
  std::uint64_t received_ = 0;  // of a streamed body, since the handler asked last
  std::string remote_;
  std::string pending_;  // came early: the start of the next request
  std::unique_ptr<Exchange> exchange_;

  std::shared_ptr<Stream> stream_;
  std::shared_ptr<StreamLoop> stream_loop_;  // set while streaming
  std::vector<SharedBytes> queue_;
  std::size_t queue_begun_ = 0;  // bytes of queue_.front() that are sent
  std::size_t backlog_ = 0;
};

/// 503 with Retry-After.
Response unavailable(std::string_view why, int retry_after_s);

}  // namespace vedette::http
