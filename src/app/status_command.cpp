#include "app/status_command.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <memory>

#include "app/json_member.hpp"
#include "app/running_server.hpp"
#include "app/text_table.hpp"
#include "base/time.hpp"

namespace vedette::app {
namespace {

namespace json = boost::json;

constexpr std::size_t kWidest = 40;  // of a title, so that the state stays in sight

std::string age(const std::string& since) {
  const auto start = from_rfc3339(since);
  if (!start) return "-";
  return time_text(SystemClock().now() - *start);
}

void print_text(const ServerReport& report, const std::string& url) {
  fmt::print("Vedette {} at {}, up {}, roles {}\n", report.version, url, age(report.started_at),
             report.roles);
  fmt::print("Database: {}\n", report.database);
  if (report.other_processes > 0) {
    fmt::print("Other processes of this deployment: {}\n", report.other_processes);
  }
  if (!report.queue.empty()) fmt::print("Jobs: {}\n", report.queue);
  fmt::print("\n");
  std::vector<TextRow> rows;
  for (const LoopLine& line : report.lines) {
    rows.push_back({shortened(line.title, kWidest), line.word, age(line.since), line.process});
  }
  fmt::print("{}", text_table({"WHAT", "STATE", "FOR", "PROCESS"}, rows));
  if (report.complaints.empty()) {
    fmt::print("\nAll {} background loops are fine.\n", report.lines.size());
    return;
  }
  fmt::print("\nTo be looked at:\n");
  for (const auto& complaint : report.complaints) {
    fmt::print("  {}: {}{}{}\n", complaint.title, complaint.word, complaint.why.empty() ? "" : ". ",
               complaint.why);
  }
}

void print_json(const ServerReport& report, const std::string& url) {
  json::array complaints;
  for (const auto& complaint : report.complaints) {
    complaints.push_back(
        {{"title", complaint.title}, {"word", complaint.word}, {"why", complaint.why}});
  }
  fmt::print("{}\n", json::serialize(json::object{{"url", url},
                                                  {"status", report.status},
                                                  {"loops", part_at(report.loops, "loops")},
                                                  {"jobs", part_at(report.jobs, "kinds")},
                                                  {"to_be_looked_at", std::move(complaints)}}));
}

Result<int> status(const Invocation& invocation, const std::string& url) {
  const auto& settings = invocation.settings();
  auto server = own_server(settings);
  if (!url.empty()) {
    VEDETTE_TRY(target, net::parse_target(url));
    server = std::move(target);
  }
  VEDETTE_TRY(report, ask_all(server, settings));
  const auto shown = net::to_url(server);
  if (invocation.json) {
    print_json(report, shown);
  } else {
    print_text(report, shown);
  }
  return report.complaints.empty() ? kDone : kPartlyDone;
}

}  // namespace

void add_status_command(CommandLine& line) {
  auto url = std::make_shared<std::string>();
  line.add("status", "Ask a running server how it is; exit code 3 when something needs a look",
           [url](const Invocation& invocation) { return status(invocation, *url); })
      .text("url", "URL", *url,
            "The server, such as http://127.0.0.1:8080 (default: where the settings say it "
            "listens)");
}

}  // namespace vedette::app
