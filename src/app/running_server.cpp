#include "app/running_server.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <functional>
#include <optional>

#include "app/json_member.hpp"

namespace vedette::app {
namespace {

namespace json = boost::json;

constexpr Micros kPatience = std::chrono::seconds(5);

std::optional<json::value> parse(std::string_view body) {
  boost::system::error_code error;
  json::parse_options limits;
  limits.max_depth = 32;
  auto value = json::parse(body, error, {}, limits);
  if (error) return std::nullopt;
  return value;
}

// What an error of the API says; "" when the body is none of ours.
std::string message_of(std::string_view body) {
  const auto value = parse(body);
  const auto* error = value ? member(*value, "error") : nullptr;
  return error == nullptr ? "" : text_at(*error, "message");
}

bool needs_a_look(const json::value& thing) {
  const auto state = text_at(thing, "state");
  if (text_at(thing, "health") == "bad") return true;
  if (state == "retrying" || state == "unreachable" || state == "unknown") return true;
  return (state == "running" || state == "waiting") && !text_at(thing, "cause").empty();
}

std::string reason(const json::value& loop) {
  auto cause = text_at(loop, "cause");
  if (cause.empty()) cause = text_at(loop, "last_error");
  const auto attempts = number_at(loop, "attempts");
  if (attempts < 2) return cause;
  return fmt::format("{}{}{:.0f} attempts since {}.", cause, cause.empty() ? "" : " ", attempts,
                     text_at(loop, "since"));
}

std::string describe_database(const json::value& database) {
  auto described = fmt::format("{} {}", text_at(database, "kind"), text_at(database, "version"));
  if (!flag_at(database, "reachable")) {
    return fmt::format("{}, not reachable: {}", described, text_at(database, "message"));
  }
  described += ", reachable";
  if (const auto bytes = number_at(database, "size_bytes"); bytes > 0) {
    described += fmt::format(", {:.1f} MiB", bytes / 1048576);
  }
  return described;
}

void read_status(ServerReport& report) {
  const auto& status = report.status;
  report.version = text_at(status, "version");
  report.started_at = text_at(status, "started_at");
  for (const auto& role : list_at(status, "roles")) {
    if (!role.is_string()) continue;
    report.roles += (report.roles.empty() ? "" : ", ") + std::string(role.get_string());
  }
  if (const auto* database = member(status, "database"); database != nullptr) {
    report.database = describe_database(*database);
    if (!flag_at(*database, "reachable")) {
      report.complaints.push_back({"Database", "not reachable", text_at(*database, "message")});
    } else if (auto trouble = text_at(*database, "message"); !trouble.empty()) {
      report.complaints.push_back({"Database", "cannot be written", std::move(trouble)});
    }
  }
  for (const auto& process : list_at(status, "processes")) {
    if (flag_at(process, "alive")) ++report.other_processes;
  }
  // The process that answers is in the list too.
  if (report.other_processes > 0) --report.other_processes;
}

void read_loops(ServerReport& report) {
  for (const auto& loop : list_at(report.loops, "loops")) {
    if (!loop.is_object()) continue;
    LoopLine line{text_at(loop, "title"), text_at(loop, "word"), text_at(loop, "since"),
                  text_at(loop, "process"), needs_a_look(loop)};
    if (line.needs_a_look) report.complaints.push_back({line.title, line.word, reason(loop)});
    report.lines.push_back(std::move(line));
  }
  std::ranges::stable_sort(report.lines, std::greater{}, &LoopLine::needs_a_look);
}

// "3 waiting, 1 running, 1 failed for good in the last day"
void read_jobs(ServerReport& report) {
  if (!report.jobs.is_object()) return;
  std::int64_t waiting = 0;
  std::int64_t running = 0;
  std::int64_t retried = 0;
  std::int64_t failed = 0;
  bool is_more = false;
  for (const auto& kind : list_at(report.jobs, "kinds")) {
    waiting += whole_at(kind, "available") + whole_at(kind, "scheduled");
    running += whole_at(kind, "running");
    retried += whole_at(kind, "failed");
    failed += whole_at(kind, "discarded_day");
    is_more = is_more || flag_at(kind, "is_more");
  }
  report.queue =
      fmt::format("{}{} waiting, {} running", is_more ? "more than " : "", waiting, running);
  if (retried > 0) report.queue += fmt::format(", {} to be tried again", retried);
  if (failed > 0) report.queue += fmt::format(", {} failed for good in the last day", failed);
}

std::unexpected<Error> not_vedette(const net::HttpTarget& server, std::string_view path,
                                   int status) {
  return fail(ErrorCode::kCorrupt,
              fmt::format("{}:{} answers {} with HTTP {}, not as Vedette does; another program "
                          "may have this port",
                          server.host, server.port, path, status));
}

std::optional<ErrorCode> refusal_of(int status) {
  switch (status) {
    case 400:
      return ErrorCode::kInvalid;
    case 404:
      return ErrorCode::kNotFound;
    case 409:
      return ErrorCode::kConflict;
    default:
      return std::nullopt;
  }
}

}  // namespace

net::HttpTarget own_server(const config::Settings& settings) {
  auto host = settings.http.listen_host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return {host, std::to_string(settings.http.listen_port), ""};
}

Result<json::value> ask(const net::HttpTarget& server, std::string_view path,
                        const config::Settings& settings) {
  net::HttpRequest request;
  request.path = path;
  VEDETTE_TRY(value, ask(server, std::move(request), settings));
  if (!value.is_object()) return not_vedette(server, path, 200);
  return std::move(value);
}

Result<json::value> ask(const net::HttpTarget& server, net::HttpRequest request,
                        const config::Settings& settings) {
  const std::string path = request.path;
  if (!request.body.empty()) request.headers.emplace_back("content-type", "application/json");
  auto got = net::http_ask(server, std::move(request),
                           {.token = settings.auth.token, .timeout = kPatience});
  if (!got) {
    got.error().message += "; start it with `vedette serve`, or name another with --url";
    return fail(std::move(got.error()));
  }
  const net::HttpReply& reply = *got;
  if (reply.status == 401 || reply.status == 403) {
    return fail(ErrorCode::kUnauthorized,
                "the server wants to know who asks: set auth.token (or "
                "VEDETTE_AUTH_TOKEN) to the server's token");
  }
  // All connections taken, or the process is starting: said without a body of ours, too.
  if (reply.status == 503) {
    const std::string why = message_of(reply.body);
    return fail(
        ErrorCode::kUnavailable,
        fmt::format("the server at {}:{} cannot answer now (HTTP 503){}", server.host, server.port,
                    why.empty() ? "; it may have no connection left: try again" : ": " + why),
        std::string(kCannotAnswerNow));
  }
  if (reply.status == 204) return json::value(nullptr);
  const auto value = parse(reply.body);
  if (!value || !value->is_object()) return not_vedette(server, path, reply.status);
  if (reply.status / 100 == 2) return *value;
  const std::string why = message_of(reply.body);
  if (const auto code = refusal_of(reply.status); code && !why.empty()) {
    const auto* error = member(*value, "error");
    return fail(*code, why, error == nullptr ? std::string() : text_at(*error, "field"));
  }
  return fail(ErrorCode::kUnavailable,
              fmt::format("the server answers {} with HTTP {}: {}", path, reply.status, why));
}

ServerReport read_report(json::value status, json::value loops, json::value jobs) {
  ServerReport report;
  report.status = std::move(status);
  read_status(report);
  report.loops = std::move(loops);
  read_loops(report);
  report.jobs = std::move(jobs);
  read_jobs(report);
  return report;
}

Result<ServerReport> ask_all(const net::HttpTarget& server, const config::Settings& settings) {
  VEDETTE_TRY(status, ask(server, "/api/status", settings));
  if (text_at(status, "version").empty()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("what answers at {}:{} is not Vedette", server.host, server.port));
  }
  VEDETTE_TRY(loops, ask(server, "/api/loops", settings));
  // A server of an earlier version knows no jobs: the rest is worth as much.
  auto jobs = ask(server, "/api/jobs/kinds", settings);
  return read_report(std::move(status), std::move(loops),
                     jobs ? std::move(*jobs) : json::value(nullptr));
}

}  // namespace vedette::app
