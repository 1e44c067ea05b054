#include "traffic/roster.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <utility>

#include "db/database.hpp"
#include "traffic/counting.hpp"
#include "work/supervisor.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Notices may get lost; this is the net below them.
constexpr Micros kPoll = 5s;

class Roster {
 public:
  Roster(work::Supervisor& supervisor, CameraLoopParts parts, int max_cameras)
      : supervisor_(supervisor),
        parts_(parts),
        max_cameras_(max_cameras),
        // Here and not while the body runs: a change that is told while it has failed, for want of
        // the database, ends its wait as well.
        changes_(parts_.database->subscribe(
            std::string(kCamerasChannel),
            [&supervisor](std::string_view) { (void)supervisor.wake(kName); })) {}

  Result<void> keep(work::LoopContext& context) {
    context.running();
    VEDETTE_CHECK(carry_over_counts(*parts_.database));
    do {
      const auto started = std::chrono::steady_clock::now();
      VEDETTE_TRY(cameras,
                  parts_.database->read([](db::Session& session) { return all_cameras(session); }));
      VEDETTE_CHECK(reconcile(cameras));
      VEDETTE_CHECK(forget_removed(cameras));
      context.success(
          std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - started));
    } while (context.wait(kPoll));
    return {};
  }

  static constexpr const char* kName = "cameras";

 private:
  struct Known {
    std::int64_t revision = 0;
    Instant created_at{};
    std::shared_ptr<LineBoard> lines;
  };

  Result<void> reconcile(const std::vector<Camera>& cameras) {
    std::map<std::string, Known> gone = std::exchange(known_, {});
    for (const Camera& camera : cameras) {
      if (!camera.is_enabled || is_recorded(camera)) continue;
      if (const auto before = gone.find(camera.id);
          before != gone.end() && before->second.revision == camera.revision &&
          before->second.created_at == camera.created_at) {
        before->second.lines->set(camera.lines);
        known_.insert(gone.extract(before));
      }
    }
    // First those that end, so that one that was changed can begin again under its name.
    Result<void> outcome;
    for (auto& [id, known] : gone) {
      if (auto removed = supervisor_.remove(camera_loop_name(id));
          !removed && removed.error().code != ErrorCode::kNotFound) {
        known_.emplace(id, known);
        outcome = fail(removed.error());
      }
    }
    for (const Camera& camera : cameras) {
      if (!camera.is_enabled || is_recorded(camera) || known_.contains(camera.id)) continue;
      auto lines = std::make_shared<LineBoard>(camera.lines);
      work::LoopSpec spec = camera_loop(camera, lines, parts_);
      spec.group = {.name = "cameras",
                    .most_held = max_cameras_,
                    .remedy =
                        "Start another process with the role `watch`, or raise "
                        "watch.max_cameras where the machine has room."};
      VEDETTE_CHECK(supervisor_.add(std::move(spec)));
      known_.emplace(camera.id, Known{camera.revision, camera.created_at, std::move(lines)});
    }
    return outcome;
  }

  // What a removed camera leaves behind, once per removal and at the start: whichever process is
  // the last to let it go finds its lease given back.
  Result<void> forget_removed(const std::vector<Camera>& cameras) {
    std::set<std::string> present;
    for (const Camera& camera : cameras) present.insert(camera.id);
    const bool has_removed = !std::ranges::includes(present, seen_);
    if (has_looked_ && !has_removed) {
      seen_ = std::move(present);
      return {};
    }
    VEDETTE_CHECK(parts_.database->write([](db::Session& session) -> Result<void> {
      const std::string is_gone =
          "name LIKE 'camera:%' AND substr(name, 8) NOT IN (SELECT id FROM camera)";
      VEDETTE_CHECK(session.execute("DELETE FROM lease WHERE " + is_gone +
                                    " AND (holder IS NULL OR expires_at < " +
                                    db::now_sql(session.dialect()) + ")"));
      VEDETTE_CHECK(session.execute("DELETE FROM loop_state WHERE " + is_gone));
      return {};
    }));
    has_looked_ = true;
    seen_ = std::move(present);
    return {};
  }

  work::Supervisor& supervisor_;
  CameraLoopParts parts_;
  const int max_cameras_;
  std::map<std::string, Known> known_;  // by camera id; survives a restart of the loop
  std::set<std::string> seen_;          // ids of all cameras at the last turn
  bool has_looked_ = false;
  db::Subscription changes_;
};

}  // namespace

work::LoopSpec roster_loop(work::Supervisor& supervisor, CameraLoopParts parts, int max_cameras) {
  work::LoopSpec spec;
  spec.name = Roster::kName;
  spec.title = "List of cameras";
  spec.role = work::Role::kWatch;
  auto roster = std::make_shared<Roster>(supervisor, parts, max_cameras);
  spec.body = [roster](work::LoopContext& context) { return roster->keep(context); };
  return spec;
}

}  // namespace vedette::traffic
