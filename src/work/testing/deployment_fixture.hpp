// Several real processes on one database: started, watched, and judged by the table they write, by
// the history of the leases, and by an account that they keep in a file beside the database.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "work/lease.hpp"
#include "work/supervisor.hpp"
#include "work/testing/child.hpp"
#include "work/testing/eventually.hpp"
#include "work/testing/store.hpp"

namespace vedette::work::testing {

// Three tenths of it are left for a take-over, more than a busy machine stands still; see
// LeaseOptions.
constexpr int kTtlMs = 3000;

struct Effect {
  std::string loop;
  std::int64_t token = 0;
  pid_t process = 0;
  Instant at{};
};

struct DeploymentFixture : StoreTest {
  std::string account_path;

  void SetUp() override {
    StoreTest::SetUp();
    if (IsSkipped()) return;
    account_path = file("account");
    const char* id = GetParam() == db::Dialect::kSqlite ? "integer primary key autoincrement"
                                                        : "bigserial primary key";
    const char* instant = GetParam() == db::Dialect::kSqlite ? "integer" : "timestamptz";
    ASSERT_TRUE(database->write([&](db::Session& s) {
      return s.execute(
          fmt::format("create table ledger (id {}, loop text not null, token bigint "
                      "not null, process bigint not null, at {} not null)",
                      id, instant));
    }));
  }

  /// `most`: how many of the loops it may hold; 0: any number. Without it the first takes them all.
  Child spawn(int loops, const std::string& preload = {}, std::optional<int> most = {}) {
    return Child({VEDETTE_LEASE_CHILD, url(), account_path, std::to_string(kTtlMs),
                  std::to_string(loops), most ? std::to_string(*most) : "-"},
                 preload);
  }
  std::vector<Entry> account() const { return read_account(account_path); }

  /// The first entry of this kind by this process at or after a time; nothing if there is none.
  std::optional<Entry> entry(char what, pid_t process, std::int64_t since_us = 0) const {
    for (const Entry& one : account()) {
      if (one.what == what && one.process == process && one.at_us >= since_us) return one;
    }
    return std::nullopt;
  }
  bool writes(pid_t process, std::int64_t since_us = 0) {
    return eventually([&] { return entry('W', process, since_us).has_value(); });
  }
  /// Another process than the holder waits for the loop.
  bool has_standby(const std::string& loop) {
    return eventually([&] {
      const auto loops = all_loops(*database);
      return loops && std::ranges::any_of(*loops, [&](const LoopStatus& one) {
               return one.name == loop && !one.standbys.empty();
             });
    });
  }
  std::vector<Effect> ledger() {
    const auto rows = database->read([](db::Session& s) {
      return s.query("select loop, token, process, at from ledger order by id");
    });
    std::vector<Effect> effects;
    for (const db::Row row : *rows) {
      effects.push_back({row.get<std::string>(0), row.get<std::int64_t>(1),
                         static_cast<pid_t>(row.get<std::int64_t>(2)), row.get<Instant>(3)});
    }
    return effects;
  }

  void check_books(int loops) {
    // First what they believe, then what is there: they may be writing on.
    const std::vector<Entry> entries = account();
    std::map<std::string, std::vector<Effect>> by_loop;
    for (const Effect& effect : ledger()) by_loop[effect.loop].push_back(effect);
    for (int i = 0; i < loops; ++i) {
      const std::string loop = fmt::format("loop-{}", i);
      check_history(loop);
      check_effects(loop, by_loop[loop]);
    }
    check_account(entries, by_loop);
  }

  /// At any time at most one process held the lease.
  void check_history(const std::string& loop) {
    const auto past = lease_history(*database, loop, 1000).value();
    ASSERT_FALSE(past.empty());
    for (std::size_t i = 1; i < past.size(); ++i) {
      ASSERT_TRUE(past[i].ended_at) << loop << " " << past[i].token;
      EXPECT_LE(past[i].acquired_at, *past[i].ended_at) << loop << " " << past[i].token;
      EXPECT_LE(*past[i].ended_at, past[i - 1].acquired_at) << loop << " " << past[i].token;
      EXPECT_EQ(past[i].token + 1, past[i - 1].token);
    }
  }

  /// Nobody wrote before it held the lease, or after the next one did.
  void check_effects(const std::string& loop, const std::vector<Effect>& effects) {
    std::map<std::int64_t, Holding> by_token;
    const auto past = lease_history(*database, loop, 1000).value();
    for (const Holding& one : past) {
      by_token[one.token] = one;
    }
    std::int64_t newest = 0;
    for (const Effect& effect : effects) {
      EXPECT_GE(effect.token, newest) << loop << ": an attempt wrote after its successor";
      newest = std::max(newest, effect.token);
      ASSERT_TRUE(by_token.contains(effect.token));
      EXPECT_TRUE(by_token[effect.token].process.ends_with(fmt::format(":{}", effect.process)));
      if (!is_clock_moved) {
        EXPECT_GE(effect.at, by_token[effect.token].acquired_at);
        const auto next = by_token.find(effect.token + 1);
        if (next != by_token.end()) {
          EXPECT_LE(effect.at, next->second.acquired_at);
        }
      }
    }
  }

  /// What a process believes to have written is there.
  void check_account(const std::vector<Entry>& entries,
                     const std::map<std::string, std::vector<Effect>>& by_loop) {
    std::map<std::pair<std::string, std::int64_t>, int> written;
    for (const auto& [loop, effects] : by_loop) {
      for (const Effect& effect : effects) ++written[{loop, effect.token}];
    }
    std::map<std::pair<std::string, std::int64_t>, int> believed;
    for (const Entry& one : entries) {
      if (one.what == 'W') ++believed[{one.loop, one.token}];
    }
    for (const auto& [attempt, count] : believed) {
      EXPECT_LE(count, written[attempt]) << attempt.first << " " << attempt.second;
    }
  }

  bool is_clock_moved = false;
};

inline void report(const char* what, std::int64_t us) {
  fmt::print("[ measured ] {}: {} ms (lease {} ms)\n", what, us / 1000, kTtlMs);
}

}  // namespace vedette::work::testing
