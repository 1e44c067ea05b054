// Jobs and kinds of jobs as a person reads them in a terminal. Pure.
#pragma once

#include <span>
#include <string>

#include "api/job_pace.hpp"
#include "base/time.hpp"
#include "work/job_queue.hpp"
#include "work/worker.hpp"

namespace vedette::app {

/// What the texts are made with.
struct JobWords {
  const work::Worker& kinds;
  api::JobPace& pace;
  Instant now{};
};

/// One line a job under a header.
std::string jobs_table(std::span<const work::JobStatus> jobs, const JobWords& words);

/// Everything about one job, a line each, with what can be asked of it at the end.
std::string job_page(const work::JobStatus& job, const JobWords& words);

/// One line a kind under a header, then the last error of each that has one.
std::string kinds_table(std::span<const work::KindStatus> kinds, const JobWords& words);

/// "43 %, about 2 min left", "430 so far"; empty when nothing was said yet.
std::string progress_text(const work::JobStatus& job, api::JobPace& pace);

/// "1 job", "2 jobs", "more than 10000 jobs".
std::string count_of_jobs(std::int64_t count);

}  // namespace vedette::app
