// The job that counts a recorded file: its frames, one after the other, through the detector, the
// tracker and the lines, and at the end the result in the place of the one before. Whatever process
// takes it begins with the first frame, which costs what reading the file costs: what the detector
// said of frames seen before is kept (traffic/detection_store.hpp). The same file, lines and model
// give the same counts, however often it is interrupted.
#pragma once

#include "traffic/camera_loop.hpp"
#include "work/job.hpp"

namespace vedette::traffic {

/// The kind "count-file". The parts may be null where its body is never called (to look at jobs).
work::JobKind count_file_kind(const CameraLoopParts& parts);

}  // namespace vedette::traffic
