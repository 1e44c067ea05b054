// The jobs' part of /metrics and of the notes of /api/status.
#include <fmt/format.h>

#include <algorithm>

#include "api/jobs.hpp"
#include "base/address.hpp"
#include "base/text.hpp"
#include "db/database.hpp"
#include "work/job.hpp"
#include "work/job_queue.hpp"
#include "work/supervisor.hpp"
#include "work/worker.hpp"

namespace vedette::api {
namespace {

using Samples = std::vector<Families::Sample>;

void measure_deployment(Families& all, const CoreServices& services) {
  const auto kinds = services.database.read(
      [&](db::Session& session) { return all_kinds(session, services.jobs); });
  if (!kinds) return;
  Samples states;
  Samples paused;
  Samples oldest;
  for (const work::KindStatus& kind : *kinds) {
    const auto add = [&](const char* state, std::int64_t count) {
      states.push_back({static_cast<double>(count), {{"kind", kind.kind}, {"state", state}}});
    };
    add("available", kind.available);
    add("scheduled", kind.scheduled);
    add("running", kind.running);
    add("failed", kind.failed);
    paused.push_back({kind.is_paused ? 1.0 : 0.0, {{"kind", kind.kind}}});
    const Micros waited = kind.oldest_ready ? services.clock.now() - *kind.oldest_ready : Micros{0};
    oldest.push_back({std::max(0.0, to_seconds(waited)), {{"kind", kind.kind}}});
  }
  all.add(MetricKind::kGauge, "vedette_jobs",
          "Jobs of the deployment that have not ended, by kind and state; 10001 stands for more.",
          states);
  all.add(MetricKind::kGauge, "vedette_jobs_paused", "1 while a kind is paused.", paused);
  all.add(MetricKind::kGauge, "vedette_jobs_oldest_waiting_seconds",
          "How long the longest waiting job that could run has waited.", oldest);
}

void measure_process(Families& all, const work::WorkerMetrics& metrics) {
  Samples ended;
  Samples refused;
  Samples seconds;
  for (const work::WorkerMetrics::Kind& kind : metrics.kinds) {
    const auto add = [&](const char* how, std::int64_t count) {
      ended.push_back({static_cast<double>(count), {{"kind", kind.kind}, {"how", how}}});
    };
    add("completed", kind.completed);
    add("failed", kind.failed);
    add("discarded", kind.discarded);
    add("cancelled", kind.cancelled);
    refused.push_back({static_cast<double>(kind.fenced), {{"kind", kind.kind}}});
    seconds.push_back({kind.seconds, {{"kind", kind.kind}}});
  }
  all.add(MetricKind::kCounter, "vedette_jobs_ended_total",
          "Attempts that ended in this process, by how.", ended);
  all.add(MetricKind::kCounter, "vedette_jobs_refused_total",
          "Results of this process that came when the job was no longer its own.", refused);
  all.add(MetricKind::kCounter, "vedette_jobs_seconds_total", "Time spent on jobs.", seconds);
  all.add(MetricKind::kCounter, "vedette_jobs_rescued_total",
          "Jobs of dead processes that this one gave back to the queue.",
          static_cast<double>(metrics.rescued));
  all.add(MetricKind::kCounter, "vedette_jobs_given_up_total",
          "Jobs that did not return when they were asked to stop.",
          static_cast<double>(metrics.given_up));
}

std::string count_of(std::int64_t count) {
  return count > work::kMostCounted ? fmt::format("more than {}", work::kMostCounted)
                                    : fmt::format("{}", count);
}

bool has_role(const work::ProcessInfo& process, std::string_view role) {
  if (process.is_stale || process.stopped_at) return false;
  const auto roles = split(process.roles, ',');
  return std::ranges::find(roles, role) != roles.end();
}

}  // namespace

void measure_jobs(Families& all, const CoreServices& services) {
  measure_deployment(all, services);
  measure_process(all, services.jobs.metrics());
}

void note_jobs(std::vector<Note>& notes, const std::vector<work::KindStatus>& kinds,
               const std::vector<work::ProcessInfo>& processes, const work::Worker& worker) {
  for (const work::KindStatus& kind : kinds) {
    const std::string title = worker.title(kind.kind);
    if (kind.discarded_day > 0) {
      const std::string why =
          kind.last_error.empty() ? "" : fmt::format(" The last error: {}", kind.last_error);
      notes.push_back({fmt::format("{}: failed for good", title),
                       mask_address(fmt::format(
                           "{} in the last day.{} Under Operations, or with `vedette queue "
                           "list --kind {} --state discarded`, each says why and can be "
                           "tried again.",
                           kind.discarded_day, why, kind.kind))});
    }
    const std::int64_t waiting = kind.available + kind.failed;
    if (kind.is_paused) {
      notes.push_back({fmt::format("{}: paused", title),
                       fmt::format("No further job is begun; {} wait. Resume it under Operations, "
                                   "or with `vedette queue resume {}`.",
                                   count_of(waiting), kind.kind)});
      continue;
    }
    const work::JobKind* known = worker.kind(kind.kind);
    if (waiting == 0) continue;
    if (known == nullptr) {
      if (kind.running > 0) continue;  // a process of another version does
      notes.push_back({fmt::format("{}: nobody takes it", title),
                       fmt::format("{} wait, and there is no such work in this version of Vedette. "
                                   "`vedette queue cancel --kind {}` ends them.",
                                   count_of(waiting), kind.kind)});
      continue;
    }
    const std::string_view role = work::name(known->role);
    if (std::ranges::any_of(processes, [&](const auto& one) { return has_role(one, role); }))
      continue;
    notes.push_back({fmt::format("{}: nobody takes it", title),
                     fmt::format("{} wait, and no process with the role `{}` is running. Start one "
                                 "with `vedette serve --roles {}`.",
                                 count_of(waiting), role, role)});
  }
}

void note_jobs(std::vector<Note>& notes, const CoreServices& services) {
  const auto kinds = services.database.read(
      [&](db::Session& session) { return all_kinds(session, services.jobs); });
  work::LeaseOptions lease;
  lease.ttl = services.process.lease_ttl;
  const auto processes = work::processes(services.database, lease);
  // Of an outage the status says more than a note could.
  if (kinds && processes) note_jobs(notes, *kinds, *processes, services.jobs);
}

}  // namespace vedette::api
