#include "api/traffic/remote_pictures.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "api/traffic/camera_count.hpp"
#include "api/traffic/camera_json.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "http/auth.hpp"
#include "http/mjpeg_parser.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {
namespace {

using namespace std::chrono_literals;
using Steady = std::chrono::steady_clock;

constexpr std::size_t kMostPicture = std::size_t{16} << 20;       // of a stream, bytes
constexpr std::uint64_t kMostSnapshot = std::uint64_t{64} << 20;  // full size, bytes
constexpr Micros kHeadTime = 3s;      // to connect and have the head of the answer
constexpr Micros kSnapshotTime = 5s;  // for the whole picture
constexpr Micros kOpenTime = 1s;      // what a viewer is let wait for an answer instead of a stream
constexpr Micros kLook = 500ms;       // viewers, and who holds the camera here, are looked at
constexpr Micros kSilence = 2s;       // without a picture: is it still the same holder?
constexpr Micros kIdle = 30s;         // without a picture: connect anew
constexpr Micros kLinger = 3s;        // the connection outlives its last viewer
constexpr Micros kFirstPause = 500ms;
constexpr Micros kLongestPause = 5s;
constexpr Micros kFailureLife = 3s;  // a failed snapshot is not tried again

std::string path_of(std::string_view camera_id, std::string_view picture,
                    traffic::Variant variant) {
  // An id holds nothing that would have to be escaped (traffic::Camera).
  return fmt::format("/api/cameras/{}/{}?own=true{}", camera_id, picture,
                     variant == traffic::Variant::kAnnotated ? "&annotated=true" : "");
}

// What went wrong between here and the process that watches the camera, for the viewer.
std::unexpected<Error> cannot_be_had(std::string_view camera_id, std::string_view process,
                                     std::string_view why) {
  return fail(ErrorCode::kConflict,
              fmt::format("'{}' is watched by the process {}, and its picture cannot be had from "
                          "there: {}",
                          camera_id, process, why));
}

std::string unreachable(const Error& error) {
  return fmt::format(
      "{}. http.listen and http.advertise of that process say where it answers: "
      "this machine must be able to reach it there.",
      error.message);
}

std::string refused(int status) {
  if (status == 401 || status == 403) {
    return fmt::format(
        "it wants to know who asks (HTTP {}). Set the same auth.token, and "
        "auth.protect_reads, there and for the process that you ask.",
        status);
  }
  if (status == 409) return "it does not watch it any more. Try again in some seconds.";
  return fmt::format("it answers with HTTP {}. Its log, and its version, may tell more.", status);
}

}  // namespace

struct RemotePictures::Relay {
  std::string camera;
  traffic::Variant variant = traffic::Variant::kClean;
  std::shared_ptr<http::FrameTopic> topic;
  // Guarded by relays_mutex_.
  int waiting = 0;                     // in open()
  std::optional<Result<void>> answer;  // the holder's last one; absent: none yet
  bool has_shown = false;              // its viewers have seen pictures, from here or from there
  bool is_over = false;                // the thread is about to return
  Time wanted_at;                      // last
  std::jthread thread;
};

Result<net::HttpTarget> picture_target(const work::LoopStatus& loop) {
  if (loop.address.empty()) {
    return fail(ErrorCode::kConflict,
                "it does not say where it answers. Start it anew with this version of Vedette.");
  }
  auto target = net::parse_target(loop.address);
  if (!target) return fail(ErrorCode::kConflict, target.error().message);
  // At that address of this machine somebody else may answer.
  const auto host = loop.process.substr(0, loop.process.rfind(':'));
  if (http::is_loopback(target->host) && host != host_name()) {
    return fail(ErrorCode::kConflict,
                fmt::format("it answers on its own machine only ({}). Set http.listen there to an "
                            "address that this machine can reach.",
                            loop.address));
  }
  return target;
}

RemotePictures::RemotePictures(db::Database& database, const work::Supervisor& supervisor,
                               const traffic::LiveViews& live, PictureTopics& pictures,
                               std::string token)
    : database_(database),
      supervisor_(supervisor),
      live_(live),
      pictures_(pictures),
      token_(std::move(token)) {}

RemotePictures::~RemotePictures() {
  stop();
}

bool RemotePictures::is_here(const std::string& camera_id) const {
  return is_watched_here(supervisor_, live_, camera_id);
}

// Nothing when no other process watches it.
Result<std::optional<RemotePictures::Holder>> RemotePictures::find_holder(
    const std::string& camera_id) const {
  const std::string name = loop_name(camera_id);
  VEDETTE_TRY(loops, supervisor_.all({&name, 1}));
  if (loops.empty()) {
    VEDETTE_TRY(counting, find_count_holder(database_, supervisor_, camera_id));
    if (counting) loops.push_back(*std::move(counting));
  }
  if (loops.empty()) return std::nullopt;
  const work::LoopStatus& loop = loops.front();
  if (loop.token == 0 || loop.is_stale || loop.process_id == supervisor_.process_id()) {
    return std::nullopt;
  }
  auto target = picture_target(loop);
  if (!target) return cannot_be_had(camera_id, loop.process, target.error().message);
  return Holder{loop.process, loop.process_id, *std::move(target)};
}

net::AskOptions RemotePictures::get_options(const std::stop_token& stop) const {
  return {.token = token_, .timeout = kHeadTime, .most_bytes = 0, .stop = stop};
}

// The camera's relay, started when there is none. With relays_mutex_ held.
std::shared_ptr<RemotePictures::Relay> RemotePictures::join(const std::string& camera_id,
                                                            traffic::Variant variant) {
  const std::pair key(camera_id, variant);
  if (const auto known = relays_.find(key); known != relays_.end()) {
    if (!known->second->is_over) return known->second;
    known->second->thread.join();
    relays_.erase(known);
  }
  // Threads that are over; see is_wanted().
  std::erase_if(relays_, [](const auto& each) { return each.second->is_over; });
  auto relay = std::make_shared<Relay>();
  relay->camera = camera_id;
  relay->variant = variant;
  relay->topic = pictures_.topic(camera_id, variant);
  relay->wanted_at = Steady::now();
  relay->thread = std::jthread(
      [this, &made = *relay](const std::stop_token& stop) { relay_until(stop, made); });
  relays_.emplace(key, relay);
  return relay;
}

Result<void> RemotePictures::open(const std::string& camera_id, traffic::Variant variant) {
  Lock lock(relays_mutex_);
  if (is_stopping_) return fail(ErrorCode::kUnavailable, "This process is stopping.");
  const auto relay = join(camera_id, variant);
  ++relay->waiting;
  answered_.wait_for(lock, kOpenTime, [&]() VEDETTE_REQUIRES(relays_mutex_) {
    return is_stopping_ || relay->answer;
  });
  --relay->waiting;
  if (is_stopping_) return fail(ErrorCode::kUnavailable, "This process is stopping.");
  // Silence so far: the stream begins, and is ended with the reason should there be one.
  return relay->answer.value_or(Result<void>());
}

void RemotePictures::loops_changed() {
  for (const auto& [camera, variant] : pictures_.looked_at()) {
    if (is_here(camera)) continue;
    const Lock lock(relays_mutex_);
    if (!is_stopping_) join(camera, variant)->has_shown = true;
  }
}

void RemotePictures::stop() {
  Relays relays;
  {
    const Lock lock(relays_mutex_);
    is_stopping_ = true;
    relays.swap(relays_);
  }
  stopping_.request_stop();
  answered_.notify_all();
  for (const auto& [key, relay] : relays) relay->thread.request_stop();
  for (const auto& [key, relay] : relays) relay->thread.join();
}

void RemotePictures::note(Relay& relay, Result<void> answer, bool is_over) {
  {
    const Lock lock(relays_mutex_);
    relay.answer = std::move(answer);
    relay.is_over = is_over;
  }
  answered_.notify_all();
}

// Whether those who look are sent away when the pictures cannot be had: not while the camera may
// only be on its way from one process to another.
bool RemotePictures::end_viewers(Relay& relay, bool has_come) {
  const Lock lock(relays_mutex_);
  relay.has_shown = relay.has_shown || has_come;
  return !relay.has_shown;
}

// Whether somebody looks, or is about to. When not, the relay is over: from then on its thread
// takes no lock, because join() waits for it with relays_mutex_ held.
bool RemotePictures::is_wanted(Relay& relay) {
  const Lock lock(relays_mutex_);
  const auto now = Steady::now();
  if (relay.waiting > 0 || relay.topic->viewers() > 0) relay.wanted_at = now;
  relay.is_over = now - relay.wanted_at > kLinger;
  return !relay.is_over;
}

void RemotePictures::relay_until(const std::stop_token& stop, Relay& relay) {
  set_thread_name("relay");
  Micros pause = kFirstPause;
  std::string last_error;
  while (!stop.stop_requested()) {
    if (is_here(relay.camera)) {
      note(relay, {}, true);
      return;
    }
    bool has_come = false;
    auto ended = relay_once(stop, relay, has_come);
    if (stop.stop_requested()) return;
    if (ended) {
      if (*ended) continue;
      break;
    }
    relay.topic->clear();
    if (end_viewers(relay, has_come)) relay.topic->close(ended.error());
    if (std::exchange(last_error, ended.error().message) != last_error) {
      log::info("relay", "{}: {}", relay.camera, last_error);
    }
    note(relay, fail(std::move(ended.error())));
    if (!is_wanted(relay)) break;
    if (has_come) pause = kFirstPause;
    sleep_for(stop, pause);
    pause = std::min(pause * 2, kLongestPause);
  }
  relay.topic->clear();
}

// True: this process has taken the camera over; false: the relay is over.
Result<bool> RemotePictures::relay_once(const std::stop_token& stop, Relay& relay, bool& has_come) {
  VEDETTE_TRY(holder, find_holder(relay.camera));
  if (!holder) {
    return fail(ErrorCode::kConflict,
                fmt::format("Nobody watches '{}' at the moment: GET /api/cameras/{} says why.",
                            relay.camera, relay.camera));
  }
  const auto lost = [&](std::string_view why) {
    return cannot_be_had(relay.camera, holder->process, why);
  };
  auto stream = net::HttpStream::open(holder->target,
                                      {.path = path_of(relay.camera, "live.mjpg", relay.variant)},
                                      get_options(stop));
  if (!stream) return lost(unreachable(stream.error()));
  if (stream->status() != 200) return lost(refused(stream->status()));
  auto parser = http::MjpegParser::make(stream->content_type(), kMostPicture);
  if (!parser) return lost(parser.error().message);
  note(relay, {});

  auto looked = Steady::now();
  auto asked = looked;  // or heard
  auto heard = looked;
  while (true) {
    auto bytes = stream->read(kLook);
    if (!bytes) return lost(bytes.error().message);
    if (stream->is_over() && bytes->empty()) return lost("it has ended the stream.");
    const auto now = Steady::now();
    auto picture = parser->take(*bytes);
    if (!picture) return lost(picture.error().message);
    if (*picture) {
      relay.topic->publish(std::make_shared<const std::string>(std::move(**picture)));
      has_come = true;
      asked = heard = now;
    }
    if (now - looked >= kLook) {
      looked = now;
      if (!is_wanted(relay)) return false;
      if (is_here(relay.camera)) return true;
    }
    if (now - heard >= kIdle) return lost("no picture has come for long.");
    if (now - asked >= kSilence) {
      asked = now;
      // While the database is away nothing better is known.
      const auto present = find_holder(relay.camera);
      if (present && (!*present || (*present)->process_id != holder->process_id)) {
        return lost("it does not watch it any more.");
      }
    }
  }
}

// So that a holder that does not answer costs one wait, and not one for each viewer.
std::optional<std::string> RemotePictures::recent_failure(const std::string& process_id) {
  const Lock lock(relays_mutex_);
  const auto known = failures_.find(process_id);
  if (known == failures_.end()) return std::nullopt;
  if (Steady::now() - known->second.at >= kFailureLife) return std::nullopt;
  return known->second.why;
}

Result<std::optional<net::HttpReply>> RemotePictures::snapshot(const std::string& camera_id,
                                                               traffic::Variant variant) {
  VEDETTE_TRY(holder, find_holder(camera_id));
  if (!holder) return std::nullopt;
  if (const auto why = recent_failure(holder->process_id)) {
    return cannot_be_had(camera_id, holder->process, *why);
  }
  auto options = get_options(stopping_.get_token());
  options.timeout = kSnapshotTime;
  options.most_bytes = kMostSnapshot;
  auto reply = net::http_get(holder->target, path_of(camera_id, "snapshot.jpg", variant), options);
  if (!reply) {
    const auto now = Steady::now();
    const auto why = unreachable(reply.error());
    const Lock lock(relays_mutex_);
    std::erase_if(failures_,
                  [&](const auto& each) { return now - each.second.at >= kFailureLife; });
    failures_.insert_or_assign(holder->process_id, Failure{now, why});
    return cannot_be_had(camera_id, holder->process, why);
  }
  const bool is_picture = reply->status == 200 && reply->content_type == "image/jpeg";
  const bool has_reason =
      reply->status == 404 && reply->content_type.starts_with("application/json");
  if (!is_picture && !has_reason) {
    return cannot_be_had(camera_id, holder->process, refused(reply->status));
  }
  return *std::move(reply);
}

}  // namespace vedette::api
