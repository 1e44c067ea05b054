#include "http/stream.hpp"

#include <fmt/format.h>

#include <mutex>
#include <utility>

#include "http/fan_out.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kBoundary = "vedette-frame";

}  // namespace

class FrameTopic::Feed {
 public:
  struct Frame {
    SharedBytes part;
    std::uint64_t number = 0;
  };

  void publish(std::shared_ptr<const std::string> jpeg) {
    // The boundary follows its picture, so that browsers show the picture when it has come and not
    // only when the next one begins.
    auto part = std::make_shared<std::string>();
    part->reserve(jpeg->size() + 128);
    fmt::format_to(std::back_inserter(*part),
                   "Content-Type: image/jpeg\r\nContent-Length: {}\r\n\r\n", jpeg->size());
    *part += *jpeg;
    fmt::format_to(std::back_inserter(*part), "\r\n--{}\r\n", kBoundary);
    {
      const std::lock_guard lock(frame_mutex_);
      frame_.part = std::move(part);
      ++frame_.number;
    }
    viewers_->wake_all();
  }
  void clear() {
    const std::lock_guard lock(frame_mutex_);
    frame_.part.reset();
  }
  Frame newest() const {
    const std::lock_guard lock(frame_mutex_);
    return frame_;
  }
  FanOut& viewers() { return *viewers_; }

 private:
  mutable std::mutex frame_mutex_;
  Frame frame_;
  const std::shared_ptr<FanOut> viewers_ = std::make_shared<FanOut>();
};

/// One viewer of a topic.
class FrameTopic::Viewer final : public Stream, public FanOut::Member {
 public:
  explicit Viewer(std::shared_ptr<FrameTopic> topic)
      : topic_(std::move(topic)), feed_(topic_->feed_) {}

  void attached(StreamConnection& connection) override {
    connection_ = &connection;
    static const auto kOpening =
        std::make_shared<const std::string>(fmt::format("--{}\r\n", kBoundary));
    connection.send(kOpening);
    feed_->viewers().join(*this);
    wake();
  }
  void wake() override {
    if (connection_->backlog() > 0) return;
    const auto frame = feed_->newest();
    if (!frame.part || frame.number == sent_) return;
    sent_ = frame.number;
    connection_->send(frame.part);
  }
  void drained(StreamConnection&) override { wake(); }
  void tick(StreamConnection&) override {}
  void detached(StreamConnection&) override { feed_->viewers().leave(*this); }
  StreamConnection& connection() override { return *connection_; }

 private:
  const std::shared_ptr<FrameTopic> topic_;
  const std::shared_ptr<Feed> feed_;
  StreamConnection* connection_ = nullptr;
  std::uint64_t sent_ = 0;
};

FrameTopic::FrameTopic() : feed_(std::make_shared<Feed>()) {}

FrameTopic::~FrameTopic() {
  close();
}

void FrameTopic::publish(std::shared_ptr<const std::string> jpeg) {
  feed_->publish(std::move(jpeg));
}

int FrameTopic::viewers() const {
  return feed_->viewers().count();
}

void FrameTopic::clear() {
  feed_->clear();
}

void FrameTopic::close() {
  feed_->viewers().finish_all();
}

void FrameTopic::close(const Error& why) {
  const auto answer = error(why);
  feed_->viewers().finish_all(std::make_shared<const std::string>(
      fmt::format("Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{}\r\n--{}--\r\n",
                  answer.text().size(), answer.text(), kBoundary)));
}

Response mjpeg(std::shared_ptr<FrameTopic> topic) {
  return stream(std::make_shared<FrameTopic::Viewer>(std::move(topic)),
                fmt::format("multipart/x-mixed-replace; boundary={}", kBoundary));
}

}  // namespace vedette::http
