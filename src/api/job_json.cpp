#include "api/job_json.hpp"

#include <algorithm>
#include <boost/json/parse.hpp>
#include <string>

#include "api/answers.hpp"
#include "api/jobs.hpp"
#include "base/address.hpp"
#include "work/worker.hpp"

namespace vedette::api {
namespace {

// Kinds keep credentials out of their payloads; what one forgot is written over here.
json::value masked(json::value value) {
  if (auto* object = value.if_object()) {
    for (auto& [name, member] : *object) member = masked(std::move(member));
  } else if (auto* array = value.if_array()) {
    for (json::value& element : *array) element = masked(std::move(element));
  } else if (const auto* text = value.if_string()) {
    value = mask_address(*text);
  }
  return value;
}

// Null for nothing; text that is no JSON as text.
json::value shown(std::string_view text) {
  if (text.empty()) return nullptr;
  boost::system::error_code code;
  json::parse_options options;
  options.max_depth = 32;
  json::value value = json::parse(text, code, {}, options);
  if (code) return json::value(mask_address(text));
  return masked(std::move(value));
}

}  // namespace

bool can_be_retried(const work::JobStatus& job) {
  return work::has_ended(job.state) || job.state == work::JobState::kFailed;
}

bool can_be_cancelled(const work::JobStatus& job) {
  return !work::has_ended(job.state) && !job.is_cancelling;
}

json::object progress_json(const work::JobStatus& job, JobPace& pace) {
  json::value total = nullptr;
  if (job.total > 0) total = job.total;
  return {{"done", job.done},
          {"total", std::move(total)},
          {"message", mask_address(job.message)},
          {"left_s", or_null(pace.left_s(job))}};
}

json::object job_json(const work::JobStatus& job, const work::Worker& kinds, JobPace& pace) {
  json::array can;
  if (can_be_retried(job)) can.emplace_back("retry");
  if (can_be_cancelled(job)) can.emplace_back("cancel");
  return {{"id", job.id},
          {"kind", job.kind},
          {"title", kinds.title(job.kind)},
          {"what", mask_address(kinds.describe(job.kind, job.payload))},
          {"state", work::name(job.state)},
          {"key", or_null(job.key)},
          {"priority", job.priority},
          {"payload", shown(job.payload)},
          {"created_at", to_rfc3339(job.created_at)},
          {"run_at", to_rfc3339(job.run_at)},
          {"started_at", or_null(job.started_at)},
          {"finished_at", or_null(job.finished_at)},
          {"attempt", job.attempt},
          {"failures", job.failures},
          {"crashes", job.crashes},
          {"progress", progress_json(job, pace)},
          {"error", text_or_null(mask_address(job.error))},
          {"result", shown(job.result)},
          {"process", text_or_null(job.process)},
          {"parent", or_null(job.parent)},
          {"open_children", job.open_children},
          {"is_cancelling", job.is_cancelling},
          {"can", std::move(can)}};
}

json::object kind_json(const work::KindStatus& kind, const work::Worker& kinds) {
  const auto shown_count = [](std::int64_t count) { return std::min(count, work::kMostCounted); };
  const bool is_more = std::max({kind.available, kind.scheduled, kind.failed}) > work::kMostCounted;
  json::value mean = nullptr;
  if (kind.mean_took) mean = to_seconds(*kind.mean_took);
  return {{"kind", kind.kind},
          {"title", kinds.title(kind.kind)},
          {"is_paused", kind.is_paused},
          {"available", shown_count(kind.available)},
          {"scheduled", shown_count(kind.scheduled)},
          {"running", kind.running},
          {"failed", shown_count(kind.failed)},
          {"is_more", is_more},
          {"oldest_ready", or_null(kind.oldest_ready)},
          {"completed_hour", kind.completed_hour},
          {"completed_day", kind.completed_day},
          {"discarded_day", kind.discarded_day},
          {"failures_day", kind.failures_day},
          {"crashes_day", kind.crashes_day},
          {"mean_s", std::move(mean)},
          {"last_error", text_or_null(mask_address(kind.last_error))},
          {"last_error_at", or_null(kind.last_error_at)}};
}

std::string job_body(const work::JobStatus& job, const work::Worker& kinds, JobPace& pace) {
  return to_text(job_json(job, kinds, pace));
}

std::string jobs_body(std::span<const work::JobStatus> jobs, std::optional<std::int64_t> next,
                      const work::Worker& kinds, JobPace& pace) {
  json::array list;
  for (const work::JobStatus& job : jobs) list.push_back(job_json(job, kinds, pace));
  return to_text(json::object{{"jobs", std::move(list)}, {"next", or_null(next)}});
}

std::string kind_body(const work::KindStatus& kind, const work::Worker& kinds) {
  return to_text(kind_json(kind, kinds));
}

std::string kinds_body(std::span<const work::KindStatus> all, const work::Worker& kinds) {
  json::array list;
  for (const work::KindStatus& kind : all) list.push_back(kind_json(kind, kinds));
  return to_text(json::object{{"kinds", std::move(list)}});
}

}  // namespace vedette::api
