#include "api/event_relay.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <future>

#include "api/event_listener_test.hpp"
#include "db/testing/store.hpp"

namespace vedette::api {
namespace {

using db::testing::must;

class Relay : public ::testing::Test {
 protected:
  db::testing::TempFolder folder_;
  std::unique_ptr<db::Database> database_ =
      must(db::Database::open({.url = "sqlite:" + (folder_.path() / "test.db").string()}));
  http::SseHub hub_;
};

TEST_F(Relay, TellsEachSourceWhatItsChannelsSaid) {
  EventRelay relay(*database_, hub_);
  relay.add({.topics = {{"fruit"}},
             .channels = {"fruit"},
             .tell = [](const Heard& heard, EventPublisher& publisher) -> Result<void> {
               for (const std::string& name : heard.payloads)
                 publisher.publish("fruit/" + name, "\"" + name + "\"");
               return {};
             }});
  EventListener listener(hub_);
  relay.start();
  database_->notify("fruit", "pear");
  const auto event = listener.next("fruit");
  EXPECT_EQ(event.name, "fruit");
  EXPECT_EQ(event.data, "\"pear\"");
}

TEST_F(Relay, WhatCouldNotBeReadIsToldLater) {
  std::promise<void> has_failed;
  std::atomic<bool> is_away = false;
  EventRelay relay(*database_, hub_);
  relay.add({.topics = {{"fruit"}},
             .channels = {"fruit"},
             .tell = [&](const Heard& heard, EventPublisher& publisher) -> Result<void> {
               if (heard.payloads.empty()) return {};
               if (is_away.exchange(false)) {
                 has_failed.set_value();
                 return fail(ErrorCode::kUnavailable, "away");
               }
               for (const std::string& name : heard.payloads) publisher.publish("fruit", name);
               return {};
             }});
  EventListener listener(hub_);
  relay.start();
  is_away = true;
  database_->notify("fruit", "pear");
  has_failed.get_future().wait();
  database_->notify("fruit", "apple");
  EXPECT_EQ(listener.next("fruit").data, "apple");
  EXPECT_EQ(listener.next("fruit").data, "pear");
}

TEST_F(Relay, ASourceThatWasToldALittleWhileAgoWaitsForItsTurn) {
  std::atomic<int> told = 0;
  EventRelay relay(*database_, hub_);
  relay.add({.topics = {{"tree"}},
             .channels = {"fruit"},
             .tell = [&](const Heard&, EventPublisher&) -> Result<void> {
               ++told;
               return {};
             },
             .every = std::chrono::hours(1)});
  relay.add({.topics = {{"fruit"}},
             .channels = {"fruit"},
             .tell = [](const Heard& heard, EventPublisher& publisher) -> Result<void> {
               for (const std::string& name : heard.payloads) publisher.publish("fruit", name);
               return {};
             }});
  EventListener listener(hub_);
  relay.start();
  for (const char* name : {"pear", "apple", "plum"}) {
    database_->notify("fruit", name);
    EXPECT_EQ(listener.next("fruit").data, name) << "the others do not wait for it";
  }
  EXPECT_EQ(told, 1) << "at the start";
}

TEST_F(Relay, WhoComesBackAfterSomethingWasLeftUntoldIsTold) {
  std::promise<void> is_left;
  EventRelay relay(*database_, hub_);
  relay.add({.topics = {{"fruit"}},
             .channels = {"fruit"},
             .tell = [&](const Heard& heard, EventPublisher& publisher) -> Result<void> {
               if (heard.payloads.empty()) return {};
               if (publisher.has_listeners()) {
                 publisher.publish("fruit", *heard.payloads.begin());
               } else {
                 publisher.skip();
                 is_left.set_value();
               }
               return {};
             }});
  relay.start();
  std::string last;
  {
    EventListener listener(hub_);
    database_->notify("fruit", "pear");
    EXPECT_EQ(listener.next("fruit").data, "pear");
    last = listener.last_id();
  }
  database_->notify("fruit", "apple");
  is_left.get_future().wait();
  EventListener back(hub_, last);
  EXPECT_EQ(back.next().name, "reset");
}

TEST_F(Relay, ASkipIsToldToThoseWhoAreThere) {
  EventListener listener(hub_);
  hub_.publish("fruit", "1");
  hub_.skip();
  hub_.publish("fruit", "2");
  EXPECT_EQ(listener.next().name, "resync");
  EXPECT_EQ(listener.next().data, "2") << "what came after it is not lost";
}

TEST_F(Relay, ItsTopicsAreThoseOfItsSources) {
  EventRelay relay(*database_, hub_);
  relay.add({.topics = {{"fruit", "tree"}}, .channels = {}, .tell = {}});
  http::Router router;
  mount_events(router, relay, hub_);
  const auto call = [&](std::string_view target) {
    return router.call(http::make_request(http::Method::kGet, target));
  };
  EXPECT_EQ(call("/api/events?topics=fruit,loops&tree=pear").status, 200);
  const http::Response refused = call("/api/events?topics=stone");
  EXPECT_EQ(refused.status, 400);
  EXPECT_NE(refused.text().find("those there are: loops, fruit"), std::string::npos);
  EXPECT_EQ(call("/api/events?tree=").status, 400);
}

}  // namespace
}  // namespace vedette::api
