// What the tests of traffic's tables share: a migrated store of either kind, and rows to put in.
#pragma once

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "db/migration.hpp"
#include "db/testing/store.hpp"
#include "traffic/tables.hpp"
#include "work/tables.hpp"

namespace vedette::traffic {

using db::testing::must;

class TrafficStore : public db::testing::EveryStore {
 protected:
  void SetUp() override {
    EveryStore::SetUp();
    if (IsSkipped()) return;
    database_ = open();
    std::vector<db::Migration> all = work::migrations();
    for (db::Migration& migration : migrations()) all.push_back(std::move(migration));
    must(db::migrate(*database_, all));
  }

  db::Database& database() { return *database_; }

  void run(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    must(database_->write([&](db::Session& session) -> Result<void> {
      VEDETTE_CHECK(session.execute(sql, params));
      return {};
    }));
  }

  db::Rows rows(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    return must(database_->read([&](db::Session& session) { return session.query(sql, params); }));
  }

  template <class T>
  T one(std::string_view sql, std::initializer_list<db::Param> params = {}) {
    return rows(sql, params).scalar<T>();
  }

  // A row as the original program and any other writer would add it.
  void see(std::string_view camera, std::string_view type, std::int64_t track, Instant at) {
    run("INSERT INTO current_traffic (camera_id, vehicle_type, track_id, x_coord, y_coord, count, "
        "last_update) VALUES "
        "($1, $2, $3, 10, 20, 1, $4)",
        {camera, type, track, at});
  }

  void cross(std::string_view camera, std::string_view line, std::string_view type,
             std::int64_t track, Instant at) {
    run("INSERT INTO crossings (camera_id, line_id, track_id, direction, vehicle_type, crossed_at, "
        "x, y, frame) VALUES "
        "($1, $2, $3, 'a_to_b', $4, $5, 1, 2, 3)",
        {camera, line, track, type, at});
  }

  void watched(std::string_view camera, Instant from, Instant to) {
    run("INSERT INTO watch_span (camera_id, run_id, from_t, to_t, rolled_to) VALUES ($1, 1, $2, "
        "$3, $2)",
        {camera, from, to});
  }

 private:
  std::unique_ptr<db::Database> database_;
};

inline Instant at(const char* text) {
  return *from_rfc3339(text);
}

}  // namespace vedette::traffic
