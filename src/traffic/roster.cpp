#include "traffic/roster.hpp"

#include <fmt/format.h>

#include <map>
#include <memory>
#include <string>
#include <utility>

#include "base/log.hpp"
#include "db/database.hpp"
#include "work/supervisor.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

// Notices may get lost; this is the net below them.
constexpr Micros kPoll = 5s;

class Roster {
 public:
  Roster(work::Supervisor& supervisor, CameraLoopParts parts, int max_cameras)
      : supervisor_(supervisor), parts_(parts), max_cameras_(max_cameras) {}

  Result<void> keep(work::LoopContext& context) {
    const db::Subscription changes = parts_.database->subscribe(
        std::string(kCamerasChannel), [this](std::string_view) { (void)supervisor_.wake(kName); });
    context.running();
    do {
      const auto started = std::chrono::steady_clock::now();
      VEDETTE_TRY(cameras,
                  parts_.database->read([](db::Session& session) { return all_cameras(session); }));
      VEDETTE_CHECK(reconcile(cameras));
      context.success(
          std::chrono::duration_cast<Micros>(std::chrono::steady_clock::now() - started));
    } while (context.wait(kPoll));
    return {};
  }

  static constexpr const char* kName = "cameras";

 private:
  struct Known {
    std::int64_t revision = 0;
    std::shared_ptr<LineBoard> lines;
  };

  Result<void> reconcile(const std::vector<Camera>& cameras) {
    std::map<std::string, Known> gone = std::exchange(known_, {});
    for (const Camera& camera : cameras) {
      if (!camera.is_enabled) continue;
      if (const auto before = gone.find(camera.id);
          before != gone.end() && before->second.revision == camera.revision) {
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
      if (!camera.is_enabled || known_.contains(camera.id)) continue;
      if (max_cameras_ > 0 && known_.size() >= static_cast<std::size_t>(max_cameras_)) {
        if (!has_said_full_) {
          log::warn("cameras",
                    "this process watches {} cameras, as many as watch.max_cameras allows; '{}' "
                    "and further "
                    "ones wait for another process",
                    max_cameras_, camera.id);
        }
        has_said_full_ = true;
        break;
      }
      auto lines = std::make_shared<LineBoard>(camera.lines);
      VEDETTE_CHECK(supervisor_.add(camera_loop(camera, lines, parts_)));
      known_.emplace(camera.id, Known{camera.revision, std::move(lines)});
    }
    return outcome;
  }

  work::Supervisor& supervisor_;
  CameraLoopParts parts_;
  int max_cameras_;
  std::map<std::string, Known> known_;  // by camera id; survives a restart of the loop
  bool has_said_full_ = false;
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
