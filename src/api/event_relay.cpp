#include "api/event_relay.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <utility>

#include "api/handlers.hpp"
#include "api/query.hpp"
#include "base/log.hpp"
#include "base/process.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;

constexpr Micros kGather = 100ms;  // changes closer together than this go out together
constexpr Micros kRetry = 1s;      // after a source could not read

void merge(Heard& into, Heard&& from) {
  into.is_anything |= from.is_anything;
  into.payloads.merge(from.payloads);
}

// The topics of a stream that is narrowed by a parameter: `topics=a,b&camera=x` -> a/x, b.
Result<http::Request> narrowed(const http::Request& request, const std::vector<EventTopic>& all) {
  VEDETTE_TRY(wanted, list_of(request, "topics"));
  std::vector<std::string_view> names;
  for (const EventTopic& topic : all) names.push_back(topic.name);
  for (const std::string& topic : wanted) {
    if (std::ranges::find(names, topic) == names.end()) {
      return bad_parameter("topics", fmt::format("'{}' is no topic; those there are: {}.", topic,
                                                 fmt::join(names, ", ")));
    }
  }
  http::Request result = request;
  std::erase_if(result.queries, [](const auto& pair) { return pair.first == "topics"; });
  for (const EventTopic& topic : all) {
    if (!wanted.empty() && std::ranges::find(wanted, topic.name) == wanted.end()) continue;
    const auto part = topic.narrowed_by.empty() ? std::nullopt : request.query(topic.narrowed_by);
    if (part && (part->empty() || part->size() > 64)) {
      return bad_parameter(topic.narrowed_by,
                           fmt::format("'{0}' must be the id of one {0}.", topic.narrowed_by));
    }
    result.queries.emplace_back(
        "topics", part ? fmt::format("{}/{}", topic.name, *part) : std::string(topic.name));
  }
  return result;
}

}  // namespace

EventRelay::EventRelay(db::Database& database, http::SseHub& hub)
    : database_(database), publisher_(hub) {
  add({.topics = {{"loops"}},
       .channels = {std::string(kLoopsChannel)},
       .tell = [](const Heard&, EventPublisher& publisher) -> Result<void> {
         publisher.publish("loops", "{}");
         return {};
       }});
}

EventRelay::~EventRelay() {
  subscriptions_.clear();
  thread_.request_stop();
}

void EventRelay::add(EventSource source) {
  sources_.push_back(std::move(source));
  const Lock lock(heard_mutex_);
  heard_.push_back({.is_anything = true, .payloads = {}});
}

void EventRelay::start() {
  std::set<std::string> channels;
  for (const EventSource& source : sources_) {
    channels.insert(source.channels.begin(), source.channels.end());
  }
  channels.erase(std::string(kLoopsChannel));
  for (const std::string& channel : channels) {
    subscriptions_.push_back(database_.subscribe(
        channel, [this, channel](std::string_view payload) { hear(channel, payload); }));
  }
  thread_ = std::jthread([this](const std::stop_token& stop) { relay_until(stop); });
}

std::vector<EventTopic> EventRelay::topics() const {
  std::vector<EventTopic> all;
  for (const EventSource& source : sources_) {
    for (const EventTopic& topic : source.topics) {
      if (std::ranges::find(all, topic.name, &EventTopic::name) == all.end()) all.push_back(topic);
    }
  }
  return all;
}

void EventRelay::loops_changed() {
  hear(kLoopsChannel, {});
}

void EventRelay::hear(std::string_view channel, std::string_view payload) {
  {
    const Lock lock(heard_mutex_);
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (std::ranges::find(sources_[i].channels, channel) == sources_[i].channels.end()) continue;
      if (payload.empty()) {
        heard_[i].is_anything = true;
      } else {
        heard_[i].payloads.emplace(payload);
      }
    }
  }
  heard_something_.notify_one();
}

// What was heard by those whose time has come; the others' stays where it is. Empty at a stop.
std::vector<Heard> EventRelay::wait_for_news(const std::stop_token& stop,
                                             std::span<const Moment> due) {
  std::vector<Heard> heard(sources_.size());
  Lock lock(heard_mutex_);
  const auto has_news = [&]() VEDETTE_REQUIRES(heard_mutex_) {
    const Moment now = std::chrono::steady_clock::now();
    for (std::size_t i = 0; i < due.size(); ++i) {
      if (heard_[i].any() && due[i] <= now) return true;
    }
    return false;
  };
  while (!has_news() && !stop.stop_requested()) {
    Moment next = Moment::max();
    for (std::size_t i = 0; i < due.size(); ++i) {
      if (heard_[i].any()) next = std::min(next, due[i]);
    }
    if (next == Moment::max()) {
      heard_something_.wait(lock, stop, [&]() VEDETTE_REQUIRES(heard_mutex_) {
        return std::ranges::any_of(heard_, &Heard::any);
      });
    } else {
      heard_something_.wait_until(lock, stop, next, has_news);
    }
  }
  const Moment now = std::chrono::steady_clock::now();
  for (std::size_t i = 0; i < due.size(); ++i) {
    if (due[i] <= now) std::swap(heard[i], heard_[i]);
  }
  return heard;
}

void EventRelay::relay_until(const std::stop_token& stop) {
  set_thread_name("events");
  std::string last_error;
  std::vector<Moment> due(sources_.size());
  while (true) {
    std::vector<Heard> heard = wait_for_news(stop, due);
    if (stop.stop_requested()) return;
    bool has_failed = false;
    for (std::size_t i = 0; i < sources_.size(); ++i) {
      if (!heard[i].any()) continue;
      const Result<void> told = sources_[i].tell(heard[i], publisher_);
      due[i] = std::chrono::steady_clock::now() + sources_[i].every;
      if (told) continue;
      has_failed = true;
      if (std::exchange(last_error, told.error().message) != told.error().message)
        log::warn("events", "what changed could not be read yet: {}", told.error().message);
      const Lock lock(heard_mutex_);
      merge(heard_[i], std::move(heard[i]));
    }
    if (!has_failed) last_error.clear();
    sleep_for(stop, has_failed ? kRetry : kGather);
  }
}

void mount_events(http::Router& router, const EventRelay& relay, http::SseHub& hub) {
  const std::vector<EventTopic> topics = relay.topics();
  Parameters parameters{"topics", "last_event_id"};
  for (const EventTopic& topic : topics) {
    const std::string& name = topic.narrowed_by;
    if (!name.empty() && std::ranges::find(parameters, name) == parameters.end())
      parameters.push_back(name);
  }
  router.get("/api/events",
             strict(std::move(parameters),
                    [topics, &hub](const http::Request& request) {
                      const auto wanted = narrowed(request, topics);
                      return wanted ? hub.subscribe(*wanted) : refuse(wanted.error());
                    }),
             {.inline_ok = true});
}

}  // namespace vedette::api
