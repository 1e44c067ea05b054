// OpenCV has one number of threads for the whole process: this is the only place that sets it. Any
// thread. Only inside src/media.
#pragma once

namespace vedette::media {

/// At least so many from now on: who wants few (small pictures, where sharing costs more than it
/// saves) takes none away from who wants more. Before the first call there are none beside the
/// caller's.
void want_opencv_threads(int threads);

}  // namespace vedette::media
