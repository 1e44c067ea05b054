// Keeps one supervised loop for each live camera that is switched on: a loop of its own that reads
// the cameras again when they change, so that adding, changing and removing a camera and drawing
// its lines work without a restart. Runs in every process with the role `watch`; which of them
// watches a camera is decided by the camera's lease.
#pragma once

#include "traffic/camera_loop.hpp"
#include "work/loop.hpp"

namespace vedette::work {
class Supervisor;
}

namespace vedette::traffic {

/// The roster's loop. `supervisor` gets the camera loops; it and everything in `parts` outlive the
/// loop. Of all cameras at most `max_cameras` are watched here (0: any number); the processes of
/// the deployment share them out evenly, see work::LoopGroup.
work::LoopSpec roster_loop(work::Supervisor& supervisor, CameraLoopParts parts, int max_cameras);

}  // namespace vedette::traffic
