#include "db/notices.hpp"

#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <exception>
#include <stdexcept>

#include "base/log.hpp"
#include "base/process.hpp"

namespace vedette::db {
namespace {

constexpr auto kMergeMin = std::chrono::milliseconds(4);
constexpr auto kMergeMax = std::chrono::milliseconds(50);
constexpr std::size_t kMaxPayload = 4000;
constexpr std::size_t kMaxOutgoing = 1024;

}  // namespace

Notices::Notices(std::function<std::unique_ptr<NoticeWire>()> make_wire)
    : make_wire_(std::move(make_wire)), wake_fd_(eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)) {
  if (wake_fd_ < 0) throw std::runtime_error("eventfd failed: too many open files");
}

Notices::~Notices() {
  if (thread_.joinable()) {
    thread_.request_stop();
    wake();
    thread_.join();
  }
  close(wake_fd_);
}

void Notices::start() {
  std::call_once(started_, [this] {
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  });
}

void Notices::wake() {
  const std::uint64_t one = 1;
  // A full counter is a wake-up that is already pending.
  [[maybe_unused]] const auto written = write(wake_fd_, &one, sizeof one);
}

Subscription Notices::subscribe(std::string channel, Callback callback) {
  auto subscriber = std::make_shared<Subscriber>();
  subscriber->channel = std::move(channel);
  subscriber->callback = std::move(callback);
  {
    const Lock lock(subscribers_mutex_);
    std::erase_if(subscribers_, [](const auto& entry) { return entry.expired(); });
    subscribers_.push_back(subscriber);
  }
  start();
  wake();
  // The handle's end, not the subscriber's, is what waits for a running callback.
  auto* raw = subscriber.get();
  return Subscription(std::shared_ptr<void>(raw, [kept = std::move(subscriber)](void*) mutable {
    const std::lock_guard lock(kept->calling_mutex);
    kept->is_active = false;
  }));
}

void Notices::post(std::string_view channel, std::string_view payload) {
  if (payload.size() > kMaxPayload) payload = {};
  {
    const Lock lock(outgoing_mutex_);
    Key key(channel, payload);
    if (outgoing_.size() >= kMaxOutgoing && !outgoing_.contains(key)) key.second.clear();
    const auto [entry, is_new] = outgoing_.try_emplace(std::move(key));
    if (!is_new && entry->second.is_waiting) return;
    Outgoing& outgoing = entry->second;
    outgoing.due = std::max(std::chrono::steady_clock::now(), outgoing.sent_at + outgoing.pause);
    outgoing.is_waiting = true;
  }
  start();
  wake();
}

// A notice goes out at once; repeats become one more at the end of a pause, so that the last change
// is never left unannounced. The pause grows while repeats keep coming: what is rare arrives
// without delay, a flood becomes a trickle.
std::vector<Notice> Notices::take_due(SteadyTime now, SteadyTime& next) {
  std::vector<Notice> due;
  const Lock lock(outgoing_mutex_);
  for (auto entry = outgoing_.begin(); entry != outgoing_.end();) {
    Outgoing& outgoing = entry->second;
    if (outgoing.due > now) {
      next = std::min(next, outgoing.due);
      ++entry;
    } else if (outgoing.is_waiting) {
      due.push_back({entry->first.first, entry->first.second});
      const bool is_repeat = outgoing.pause > SteadyTime::duration::zero();
      outgoing.pause = is_repeat ? std::min<SteadyTime::duration>(outgoing.pause * 2, kMergeMax)
                                 : SteadyTime::duration(kMergeMin);
      outgoing.is_waiting = false;
      outgoing.sent_at = now;
      outgoing.due = now + kMergeMax;  // forgotten then
      next = std::min(next, outgoing.due);
      ++entry;
    } else {
      entry = outgoing_.erase(entry);
    }
  }
  return due;
}

void Notices::deliver(const std::string* channel, std::string_view payload) {
  std::vector<std::shared_ptr<Subscriber>> targets;
  {
    const Lock lock(subscribers_mutex_);
    for (const auto& entry : subscribers_) {
      auto subscriber = entry.lock();
      if (subscriber && (channel == nullptr || subscriber->channel == *channel)) {
        targets.push_back(std::move(subscriber));
      }
    }
  }
  for (const auto& target : targets) {
    const std::lock_guard lock(target->calling_mutex);
    if (!target->is_active) continue;
    try {
      target->callback(payload);
    } catch (const std::exception& error) {
      log::error("db", "A listener to {} failed: {}", target->channel, error.what());
    }
  }
}

void Notices::run(const std::stop_token& stop) {
  set_thread_name("db-notices");
  const std::unique_ptr<NoticeWire> wire = make_wire_();
  while (!stop.stop_requested()) {
    const auto now = std::chrono::steady_clock::now();
    SteadyTime next = now + std::chrono::minutes(1);
    const std::vector<Notice> due = take_due(now, next);
    for (const Notice& notice : due) deliver(&notice.channel, notice.payload);
    if (!due.empty()) wire->send(due);
    const NoticeWire::Heard heard = wire->listen(wake_fd_, next, stop);
    std::uint64_t ignored = 0;
    [[maybe_unused]] const auto got = read(wake_fd_, &ignored, sizeof ignored);
    if (heard.anything) deliver(nullptr, {});
    for (const Notice& notice : heard.notices) deliver(&notice.channel, notice.payload);
  }
}

}  // namespace vedette::db
