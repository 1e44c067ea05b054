#include "http/sse.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <charconv>
#include <deque>
#include <mutex>
#include <optional>
#include <vector>

#include "base/id.hpp"
#include "http/fan_out.hpp"
#include "http/field_text.hpp"
#include "http/stream.hpp"

namespace vedette::http {
namespace {

/// Which topics a client wants; empty: all.
struct Filter {
  std::vector<std::string> topics;

  bool wants(std::string_view topic) const {
    if (topics.empty()) return true;
    return std::ranges::any_of(topics, [&](const std::string& each) {
      return topic == each ||
             (topic.size() > each.size() && topic.starts_with(each) && topic[each.size()] == '/');
    });
  }
};

std::optional<Filter> parse_filter(const Request& request) {
  constexpr std::size_t kMaxTopics = 32;
  constexpr std::size_t kMaxName = 100;
  Filter filter;
  for (const auto list : request.query_all("topics")) {
    for (const std::string_view topic : split(list, ',')) {
      if (topic.size() > kMaxName || filter.topics.size() == kMaxTopics) return std::nullopt;
      filter.topics.emplace_back(topic);
    }
  }
  return filter;
}

std::string encode(std::string_view id, std::string_view event, std::string_view data) {
  std::string text = fmt::format("id: {}\nevent: {}\n", id, event);
  text.reserve(text.size() + data.size() + 16);
  while (true) {
    const auto end = data.find_first_of("\r\n");
    text += "data: ";
    text += data.substr(0, end);
    text += '\n';
    if (end == std::string_view::npos) break;
    data.remove_prefix(end + 1);
  }
  text += '\n';
  return text;
}

}  // namespace

class SseHub::Feed : public std::enable_shared_from_this<Feed> {
 public:
  explicit Feed(SseOptions options) : options_(options), epoch_(random_hex(4)) {}

  const SseOptions& options() const { return options_; }
  FanOut& clients() { return *clients_; }
  std::string id(std::uint64_t number) const { return fmt::format("{}-{}", epoch_, number); }

  void publish(std::string_view topic, std::string_view json) {
    std::string clean(topic);
    std::ranges::replace_if(
        clean, [](char c) { return static_cast<unsigned char>(c) < 0x20; }, '_');
    {
      const std::lock_guard lock(ring_mutex_);
      if (is_closed_) return;
      const auto number = ++newest_;
      auto bytes = std::make_shared<const std::string>(
          encode(id(number), std::string_view(clean).substr(0, clean.find('/')), json));
      ring_bytes_ += bytes->size();
      ring_.push_back({std::move(clean), std::move(bytes)});
      // The newest event stays, whatever its size.
      while (ring_.size() > 1 &&
             (ring_.size() > options_.replay_events || ring_bytes_ > options_.replay_bytes)) {
        ring_bytes_ -= ring_.front().bytes->size();
        ring_.pop_front();
      }
    }
    clients_->wake_all();
  }

  void skip() {
    {
      const std::lock_guard lock(ring_mutex_);
      if (is_closed_) return;
      skipped_ = ++newest_;
      ring_.clear();
      ring_bytes_ = 0;
    }
    clients_->wake_all();
  }

  struct Step {
    SharedBytes bytes;         // null: nothing to send now
    bool lost_some = false;    // events between `after` and the ring's start are gone
    std::uint64_t number = 0;  // where the client stands after this step
  };
  /// The next event after `after` that the filter wants.
  Step next(std::uint64_t after, const Filter& filter) const {
    const std::lock_guard lock(ring_mutex_);
    const auto oldest = newest_ - ring_.size() + 1;
    // Behind a skip everything may still be here; a slow client goes on with what is new.
    if (after + 1 < oldest) return {nullptr, true, oldest == skipped_ + 1 ? skipped_ : newest_};
    for (auto number = after + 1; number <= newest_; ++number) {
      const auto& event = ring_[number - oldest];
      if (filter.wants(event.topic)) return {event.bytes, false, number};
    }
    return {nullptr, false, newest_};
  }
  std::uint64_t newest() const {
    const std::lock_guard lock(ring_mutex_);
    return newest_;
  }

  /// The number in a Last-Event-ID of this hub whose followers are all still here.
  std::optional<std::uint64_t> parse_id(std::string_view text) const {
    if (!text.starts_with(epoch_) || text.size() <= epoch_.size() + 1 ||
        text[epoch_.size()] != '-') {
      return std::nullopt;
    }
    text.remove_prefix(epoch_.size() + 1);
    std::uint64_t number = 0;
    const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (code != std::errc() || end != text.data() + text.size()) return std::nullopt;
    const std::lock_guard lock(ring_mutex_);
    if (number > newest_ || number + ring_.size() < newest_) return std::nullopt;
    return number;
  }

  void count_resync() { resyncs_.fetch_add(1, std::memory_order_relaxed); }
  std::uint64_t resyncs() const { return resyncs_.load(std::memory_order_relaxed); }
  bool is_closed() const {
    const std::lock_guard lock(ring_mutex_);
    return is_closed_;
  }
  void close() {
    {
      const std::lock_guard lock(ring_mutex_);
      is_closed_ = true;
    }
    clients_->finish_all();
  }

  class Client;

 private:
  struct Event {
    std::string topic;
    SharedBytes bytes;
  };

  const SseOptions options_;
  const std::string epoch_;
  mutable std::mutex ring_mutex_;
  std::deque<Event> ring_;
  std::size_t ring_bytes_ = 0;
  std::uint64_t newest_ = 0;
  std::uint64_t skipped_ = 0;  // the number of the newest skip
  bool is_closed_ = false;
  std::atomic<std::uint64_t> resyncs_{0};
  const std::shared_ptr<FanOut> clients_ = std::make_shared<FanOut>();
};

/// One browser. Its place in the sequence is a number; the events themselves are the ring's.
class SseHub::Feed::Client final : public Stream, public FanOut::Member {
 public:
  Client(std::shared_ptr<Feed> feed, Filter filter, std::string last_id)
      : feed_(std::move(feed)), filter_(std::move(filter)), last_id_(std::move(last_id)) {}

  void attached(StreamConnection& connection) override {
    connection_ = &connection;
    const auto known = feed_->parse_id(last_id_);
    at_ = known ? *known : feed_->newest();
    // An id without data only tells the browser where it stands.
    auto opening =
        fmt::format("retry: {}\nid: {}\n\n", feed_->options().retry.count(), feed_->id(at_));
    if (!known && !last_id_.empty()) {
      opening += encode(feed_->id(at_), "reset", R"({"reason":"unknown or too old event id"})");
    }
    last_id_ = {};
    connection.send(std::make_shared<const std::string>(std::move(opening)));
    feed_->clients().join(*this);
    wake();
  }

  void wake() override {
    // What the socket did not take goes first; drained() comes back here.
    while (connection_->backlog() == 0) {
      const auto step = feed_->next(at_, filter_);
      at_ = step.number;
      if (step.lost_some) {
        feed_->count_resync();
        connection_->send(std::make_shared<const std::string>(
            encode(feed_->id(at_), "resync", R"({"reason":"slow"})")));
      } else if (step.bytes) {
        connection_->send(step.bytes);
      } else {
        return;
      }
      quiet_s_ = 0;
    }
  }

  void drained(StreamConnection&) override { wake(); }

  void tick(StreamConnection& connection) override {
    if (++quiet_s_ < feed_->options().heartbeat.count() || connection.backlog() > 0) return;
    static const auto kHeartbeat = std::make_shared<const std::string>(":\n\n");
    quiet_s_ = 0;
    connection.send(kHeartbeat);
  }

  void detached(StreamConnection&) override { feed_->clients().leave(*this); }
  StreamConnection& connection() override { return *connection_; }

 private:
  const std::shared_ptr<Feed> feed_;
  const Filter filter_;
  std::string last_id_;
  StreamConnection* connection_ = nullptr;
  std::uint64_t at_ = 0;
  std::int64_t quiet_s_ = 0;
};

SseHub::SseHub(SseOptions options) : feed_(std::make_shared<Feed>(options)) {}

SseHub::~SseHub() {
  close();
}

void SseHub::publish(std::string_view topic, std::string_view json) {
  feed_->publish(topic, json);
}

void SseHub::skip() {
  feed_->skip();
}

Response SseHub::subscribe(const Request& request) {
  if (feed_->is_closed()) return error(ErrorCode::kUnavailable, "the server is stopping");
  auto filter = parse_filter(request);
  if (!filter) {
    return error(ErrorCode::kInvalid, "at most 32 topics of at most 100 characters each");
  }
  const auto last_id = request.header("last-event-id")
                           .value_or(request.query("last_event_id").value_or(std::string_view()));
  return stream(std::make_shared<Feed::Client>(feed_, std::move(*filter), std::string(last_id)),
                "text/event-stream");
}

std::string SseHub::last_id() const {
  return feed_->id(feed_->newest());
}

int SseHub::clients() const {
  return feed_->clients().count();
}

std::uint64_t SseHub::resyncs() const {
  return feed_->resyncs();
}

void SseHub::close() {
  feed_->close();
}

}  // namespace vedette::http
