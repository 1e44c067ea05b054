// The queue of jobs over the API: its routes, its events, and what it adds to /metrics and to the
// notes of /api/status. Mounted by app/; handlers run on the server's pool and block on the
// database. `vedette queue` answers in the same words.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "api/core_services.hpp"
#include "api/event_relay.hpp"
#include "api/job_pace.hpp"
#include "base/error.hpp"
#include "work/job_queue.hpp"
#include "work/supervisor.hpp"

namespace vedette::api {

/// GET /api/jobs, /api/jobs/{job}, /api/jobs/kinds; POST retry, cancel, pause, resume.
void mount_jobs(http::Router& router, const std::shared_ptr<const CoreServices>& services);

/// Topics `job` and `kinds`. While nobody listens nothing is read.
std::vector<EventSource> job_events(const std::shared_ptr<const CoreServices>& services);

/// Kinds in the deployment as the database has them (left out while it is away), and what this
/// process did since its start.
void measure_jobs(Families& all, const CoreServices& services);

/// Jobs that failed for good, kinds that are paused, jobs that nobody takes.
void note_jobs(std::vector<Note>& notes, const CoreServices& services);

/// As note_jobs, from what was read. Pure.
void note_jobs(std::vector<Note>& notes, const std::vector<work::KindStatus>& kinds,
               const std::vector<work::ProcessInfo>& processes, const work::Worker& worker);

/// Every kind that this program knows or the database has; by name.
Result<std::vector<work::KindStatus>> all_kinds(db::Session& session, const work::Worker& worker);

/// What may be asked of it now: to be retried, to be cancelled.
bool can_be_retried(const work::JobStatus& job);
bool can_be_cancelled(const work::JobStatus& job);

/// The bodies of the answers, in one line of JSON: of GET /api/jobs/{job}, /api/jobs, of one kind
/// and of /api/jobs/kinds. `kinds` says what a job is about.
std::string job_body(const work::JobStatus& job, const work::Worker& kinds, JobPace& pace);
std::string jobs_body(std::span<const work::JobStatus> jobs, std::optional<std::int64_t> next,
                      const work::Worker& kinds, JobPace& pace);
std::string kind_body(const work::KindStatus& kind, const work::Worker& kinds);
std::string kinds_body(std::span<const work::KindStatus> all, const work::Worker& kinds);

}  // namespace vedette::api
