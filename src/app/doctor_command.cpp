#include "app/doctor_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <cstdio>
#include <functional>

#include "app/doctor_checks.hpp"
#include "app/pipeline.hpp"
#include "app/text_table.hpp"
#include "app/versions.hpp"

namespace vedette::app {
namespace {

namespace json = boost::json;

std::string_view word(Verdict verdict) {
  switch (verdict) {
    case Verdict::kOk:
      return "ok";
    case Verdict::kWarn:
      return "warn";
    case Verdict::kBad:
      return "bad";
  }
  return "";
}

// Colour beside the word, never instead of it.
std::string mark(Verdict verdict) {
  auto text = fmt::format("{:<4}", word(verdict));
  if (!is_terminal()) return text;
  const int colour = verdict == Verdict::kOk ? 32 : verdict == Verdict::kWarn ? 33 : 31;
  return fmt::format("\x1b[{}m{}\x1b[0m", colour, text);
}

void print(const Finding& finding) {
  fmt::print("{}  {:<13}  {}\n", mark(finding.verdict), finding.subject, finding.what);
  if (!finding.remedy.empty()) fmt::print("{:>21}> {}\n", "", finding.remedy);
  std::fflush(stdout);
}

Result<int> doctor(const Invocation& invocation) {
  const auto& settings = invocation.settings();
  std::vector<std::function<Findings()>> checks{
      [&] { return check_settings(invocation.loaded); },
      [] { return check_parts(); },
      [] { return check_machine(); },
      [&] { return check_data_folder(settings); },
      [&] { return check_database(settings); },
      [&] { return check_blobs(settings); },
      [&] { return check_port(settings); },
  };
  for (const PipelineKind& kind : pipelines()) {
    checks.emplace_back([&] { return kind.check(invocation.loaded); });
  }
  if (!invocation.json) fmt::print("Vedette {}\n", version());
  Findings all;
  for (const auto& check : checks) {
    for (auto& finding : check()) {
      if (!invocation.json) print(finding);
      all.push_back(std::move(finding));
    }
  }
  const auto count = [&](Verdict verdict) {
    return std::ranges::count(all, verdict, &Finding::verdict);
  };
  const auto bad = count(Verdict::kBad);
  if (invocation.json) {
    json::array findings;
    for (const auto& finding : all) {
      findings.push_back({{"verdict", std::string(word(finding.verdict))},
                          {"subject", finding.subject},
                          {"what", finding.what},
                          {"remedy", finding.remedy}});
    }
    fmt::print("{}\n", json::serialize(json::object{{"version", std::string(version())},
                                                    {"findings", std::move(findings)},
                                                    {"bad", bad},
                                                    {"warn", count(Verdict::kWarn)}}));
  } else if (bad > 0) {
    fmt::print("\n{} to be repaired before Vedette works as set up.\n",
               bad == 1 ? "One thing has" : fmt::format("{} things have", bad));
  } else {
    fmt::print("\nNothing stands in the way.\n");
  }
  return bad > 0 ? kFailed : kDone;
}

}  // namespace

void add_doctor_command(CommandLine& line) {
  line.add("doctor",
           "Say what is missing, slow or unreachable, and what to do; exit code 1 when "
           "something must be repaired",
           doctor);
}

}  // namespace vedette::app
