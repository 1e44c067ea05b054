// What tests of events share: a client of a hub without a server. Its stream runs on the test's own
// thread, while it waits.
#pragma once

#include <gtest/gtest.h>

#include <chrono>
#include <condition_variable>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <thread>
#include <utility>
#include <variant>

#include "http/sse.hpp"
#include "http/stream.hpp"

namespace vedette::api {

class EventListener final : public http::StreamConnection {
 public:
  struct Event {
    std::string id;
    std::string name;
    std::string data;
  };

  /// Opens a stream; with `last_id`, as a client that comes back.
  explicit EventListener(http::SseHub& hub, std::string_view last_id = {},
                         std::string_view query = {}) {
    http::Request request =
        http::make_request(http::Method::kGet, "/api/events" + std::string(query));
    if (!last_id.empty()) request.headers.add("Last-Event-ID", last_id);
    http::Response response = hub.subscribe(request);
    stream_ = std::get<std::shared_ptr<http::Stream>>(response.body);
    stream_->attached(*this);
  }
  ~EventListener() override { stream_->detached(*this); }
  EventListener(const EventListener&) = delete;
  EventListener& operator=(const EventListener&) = delete;

  void send(const http::SharedBytes& bytes) override { text_ += *bytes; }
  std::size_t backlog() const override { return 0; }
  void finish() override {}
  const std::shared_ptr<http::StreamLoop>& loop() const override { return loop_; }

  /// The next event, waiting for it; none has come when its name is empty.
  Event next() {
    while (true) {
      while (text_.find("\n\n") != std::string::npos) {
        const std::size_t end = text_.find("\n\n");
        const std::string block = text_.substr(0, end + 1);
        text_.erase(0, end + 2);
        Event event{field(block, "id: "), field(block, "event: "), field(block, "data: ")};
        if (!event.id.empty()) last_id_ = event.id;
        if (!event.name.empty()) return event;
      }
      if (!own_loop_->run_one()) return {};
    }
  }
  /// The next of that name; others are passed over.
  Event next(std::string_view name) {
    while (true) {
      Event event = next();
      if (event.name.empty() || event.name == name) return event;
    }
  }
  /// Where it stands, as a browser would say when it comes back.
  const std::string& last_id() const { return last_id_; }

 private:
  class Loop final : public http::StreamLoop {
   public:
    void post(std::move_only_function<void()> task) override {
      {
        const std::lock_guard lock(tasks_mutex_);
        tasks_.push_back(std::move(task));
      }
      posted_.notify_one();
    }
    bool is_current() const override { return std::this_thread::get_id() == thread_; }
    bool run_one() {
      std::move_only_function<void()> task;
      {
        std::unique_lock lock(tasks_mutex_);
        if (!posted_.wait_for(lock, std::chrono::seconds(30), [this] { return !tasks_.empty(); }))
          return false;
        task = std::move(tasks_.front());
        tasks_.pop_front();
      }
      task();
      return true;
    }

   private:
    const std::thread::id thread_ = std::this_thread::get_id();
    std::mutex tasks_mutex_;
    std::condition_variable posted_;
    std::deque<std::move_only_function<void()>> tasks_;
  };

  static std::string field(const std::string& block, std::string_view name) {
    for (std::size_t at = 0; at < block.size(); at = block.find('\n', at) + 1) {
      if (block.compare(at, name.size(), name) == 0)
        return block.substr(at + name.size(), block.find('\n', at) - at - name.size());
    }
    return {};
  }

  const std::shared_ptr<Loop> own_loop_ = std::make_shared<Loop>();
  const std::shared_ptr<http::StreamLoop> loop_ = own_loop_;
  std::shared_ptr<http::Stream> stream_;
  std::string text_;
  std::string last_id_;
};

}  // namespace vedette::api
