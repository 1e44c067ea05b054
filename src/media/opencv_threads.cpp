#include "media/opencv_threads.hpp"

#include <algorithm>
#include <mutex>
#include <opencv2/core/utility.hpp>

namespace vedette::media {

void want_opencv_threads(int threads) {
  static std::mutex most_mutex;
  static int most = 0;
  const std::lock_guard lock(most_mutex);
  if (threads <= most) return;
  most = std::max(threads, 1);
  cv::setNumThreads(most);
}

}  // namespace vedette::media
