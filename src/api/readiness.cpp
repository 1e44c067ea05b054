#include "api/readiness.hpp"

#include <optional>
#include <utility>

#include "db/database.hpp"
#include "http/response.hpp"

namespace vedette::api {

void Readiness::set_ready(std::map<std::string, int> tables) {
  const Lock lock(state_mutex_);
  is_ready_ = true;
  why_.clear();
  tables_ = std::move(tables);
}

void Readiness::set_waiting(std::string why) {
  const Lock lock(state_mutex_);
  why_ = std::move(why);
}

std::string Readiness::why() const {
  const Lock lock(state_mutex_);
  return why_;
}

std::map<std::string, int> Readiness::tables() const {
  const Lock lock(state_mutex_);
  return tables_;
}

void refuse_until_ready(http::Router& router, const Readiness& readiness) {
  router.guard("/api/", [&readiness](const http::Request&) -> std::optional<http::Response> {
    if (readiness.is_ready()) return std::nullopt;
    return http::error(ErrorCode::kUnavailable, readiness.why());
  });
}

std::string why_not_ready(const Readiness& readiness, const db::Database& database) {
  if (!readiness.is_ready()) return readiness.why();
  const db::DatabaseState state = database.state();
  return state.is_writable ? "" : state.message;
}

}  // namespace vedette::api
