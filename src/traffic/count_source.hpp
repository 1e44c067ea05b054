// The recording that a count reads: opened, with what names its content and how long it is. Used by
// the job that counts; blocks on the disk or the network. One thread.
#pragma once

#include <cstdint>
#include <memory>
#include <stop_token>
#include <string>

#include "base/error.hpp"
#include "media/frame_source.hpp"

namespace vedette::traffic {

struct CountSource {
  std::unique_ptr<media::FrameSource> source;
  std::string identity;     // of its content; empty: not known
  std::int64_t frames = 0;  // about; 0: not known
};

/// Errors as media's: whether trying again helps is in Error::retryable.
Result<CountSource> open_to_count(const media::SourceOptions& options, const std::stop_token& stop);

}  // namespace vedette::traffic
