#include <algorithm>
#include <chrono>
#include <stop_token>
#include <utility>

#include "app/doctor_checks.hpp"
#include "app/options.hpp"
#include "blob/store.hpp"

namespace vedette::app {
namespace {

// A person waits: not for as long as a job would.
constexpr Micros kPatience = std::chrono::seconds(5);

Verdict verdict_of(blob::Finding::Verdict verdict) {
  switch (verdict) {
    case blob::Finding::Verdict::kOk:
      return Verdict::kOk;
    case blob::Finding::Verdict::kWarn:
      return Verdict::kWarn;
    case blob::Finding::Verdict::kBad:
      return Verdict::kBad;
  }
  return Verdict::kBad;
}

}  // namespace

Findings check_blobs(const config::Settings& settings) {
  auto options = blob_options(settings);
  options.s3.retries = 1;
  options.s3.timeout = std::min(options.s3.timeout, kPatience);
  const auto store = blob::open(options);
  if (!store) return {{Verdict::kBad, "Objects", store.error().message, ""}};
  Findings findings;
  for (auto& found : (*store)->check()) {
    findings.push_back(
        {verdict_of(found.verdict), "Objects", std::move(found.what), std::move(found.remedy)});
  }
  return findings;
}

}  // namespace vedette::app
