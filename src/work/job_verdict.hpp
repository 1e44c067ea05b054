// What an attempt comes to: from how its body ended, and what was asked of it meanwhile, the ending
// that is written. Pure but for the draw of a backoff; any thread.
#pragma once

#include <optional>

#include "base/error.hpp"
#include "base/time.hpp"
#include "work/job.hpp"
#include "work/job_store.hpp"

namespace vedette::work {

/// Why a body was asked to stop.
enum class JobStop {
  kNone,
  kCancelled,
  kStalled,   // no sign of life for the kind's `stall`
  kStopping,  // the process ends, or has lost the lease of its jobs
  kLost,      // the job is somebody else's by now
};

/// `outcome`: nullptr when the body did not return in time and is given up on. nullopt: there is
/// nothing to write.
std::optional<Ending> verdict(const JobKind& kind, const ClaimedJob& job,
                              const Result<JobEnd>* outcome, JobStop stop, Micros took);

/// The wait after the n-th failure, from 1.
Micros draw_backoff(const JobKind& kind, std::int64_t failures);

}  // namespace vedette::work
