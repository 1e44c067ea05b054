// Jobs and kinds of jobs as JSON, for the answers and events of the API. Needs no database; any
// thread. Private to src/api.
#pragma once

#include <boost/json/object.hpp>

#include "api/job_pace.hpp"
#include "work/job_queue.hpp"

namespace vedette::work {
class Worker;
}

namespace vedette::api {

/// `kinds` says what the job is about. Credentials in addresses are written over, wherever they
/// stand.
boost::json::object job_json(const work::JobStatus& job, const work::Worker& kinds, JobPace& pace);

/// {"done", "total", "message", "left_s"}
boost::json::object progress_json(const work::JobStatus& job, JobPace& pace);

boost::json::object kind_json(const work::KindStatus& kind, const work::Worker& kinds);

}  // namespace vedette::api
