#include "db/postgres/pg_wire.hpp"

#include <libpq-fe.h>
#include <poll.h>

#include <algorithm>
#include <array>
#include <cstdlib>

#include "base/log.hpp"

namespace vedette::db {
namespace {

// One channel of the server carries all of ours: "channel\npayload".
// Notices are hints: they need not wait for the disk.
constexpr std::string_view kListen = "SET synchronous_commit = off; LISTEN vedette";
constexpr std::string_view kSend =
    "SELECT pg_notify('vedette', notice) FROM unnest($1::text[]) AS notice";
constexpr auto kMeasureEvery = std::chrono::minutes(1);
// More than this unsent become "anything" of their channel.
constexpr std::size_t kMaxUnsent = 1'024;

struct FreeNotify {
  void operator()(PGnotify* notify) const { PQfreemem(notify); }
};

int pause_until(SteadyTime due) {
  const auto left =
      std::chrono::ceil<std::chrono::milliseconds>(due - std::chrono::steady_clock::now());
  return static_cast<int>(std::clamp<std::int64_t>(left.count(), 0, 60'000));
}

}  // namespace

bool PgWire::reconnect(const std::stop_token& stop) {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_try_) return false;
  auto link = gate_->connect(stop, true);
  if (link) {
    link_ = std::move(*link);
    if (auto listening = link_->run(kListen); !listening) drop(listening.error());
  }
  if (!link_) {
    ++failures_;
    next_try_ = std::chrono::steady_clock::now() +
                std::min(std::chrono::milliseconds(1'000),
                         std::chrono::milliseconds(125) * (1 << std::min(failures_, 3)));
    return false;
  }
  failures_ = 0;
  return true;
}

void PgWire::drop(const PgFailure& failure) {
  link_.reset();
  gate_->report_lost(failure.error.message);
}

NoticeWire::Heard PgWire::listen(int wake_fd, SteadyTime until, const std::stop_token& stop) {
  Heard heard;
  if (!link_ && reconnect(stop)) {
    flush();
    heard.anything = true;  // what was said while nobody listened is unknown
    return heard;
  }
  if (!link_) {
    pollfd wake{wake_fd, POLLIN, 0};
    poll(&wake, 1, pause_until(std::min(until, next_try_)));
    return heard;
  }
  measure_size();
  if (!link_) return heard;
  // An answer to a query of ours may have brought notices along: the socket says nothing of them.
  take_notices(heard);
  if (!heard.notices.empty()) return heard;
  std::array<pollfd, 2> ready{pollfd{wake_fd, POLLIN, 0},
                              pollfd{PQsocket(link_->connection()), POLLIN, 0}};
  poll(ready.data(), ready.size(), pause_until(std::min(until, next_measure_)));
  if (ready[1].revents != 0 && !link_->take_input()) {
    drop(pg_lost(PQerrorMessage(link_->connection()), link_->place()));
    next_try_ = {};
    return heard;
  }
  take_notices(heard);
  return heard;
}

void PgWire::take_notices(Heard& heard) {
  const int self = PQbackendPID(link_->connection());
  for (;;) {
    const std::unique_ptr<PGnotify, FreeNotify> notify(PQnotifies(link_->connection()));
    if (!notify) return;
    if (notify->be_pid == self) continue;  // delivered already, without the detour
    const std::string_view text = notify->extra;
    const auto end = text.find('\n');
    if (end == std::string_view::npos) continue;
    heard.notices.push_back({std::string(text.substr(0, end)), std::string(text.substr(end + 1))});
  }
}

void PgWire::send(std::span<const Notice> notices) {
  for (const Notice& notice : notices) unsent_.insert(notice.channel + '\n' + notice.payload);
  if (unsent_.size() > kMaxUnsent) {
    std::set<std::string> channels;
    for (const std::string& text : unsent_) channels.insert(text.substr(0, text.find('\n') + 1));
    unsent_ = std::move(channels);
  }
  flush();
}

// What cannot be sent is sent after the reconnect: the others may have lost nothing meanwhile, so
// nothing else would tell them.
void PgWire::flush() {
  if (!link_ || unsent_.empty()) return;
  const std::vector<std::string> texts(unsent_.begin(), unsent_.end());
  const std::string array = text_array(texts);
  const std::array<Param, 1> params{Param(array)};
  const auto sent = link_->run(kSend, PgParams(std::span<const Param>(params)));
  if (!sent && sent.error().fault == Fault::kLost) return drop(sent.error());
  if (!sent) {
    log::warn("db", "other processes are not told of {} changes: {}", texts.size(),
              sent.error().error.message);
  }
  unsent_.clear();
}

void PgWire::measure_size() {
  const auto now = std::chrono::steady_clock::now();
  if (now < next_measure_) return;
  next_measure_ = now + kMeasureEvery;
  const auto size = link_->run("SELECT pg_database_size(current_database())");
  if (!size) {
    if (size.error().fault == Fault::kLost) drop(size.error());
    return;
  }
  gate_->health().set_size(std::strtoll(PQgetvalue(size->get(), 0, 0), nullptr, 10));
}

}  // namespace vedette::db
