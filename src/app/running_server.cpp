#include "app/running_server.hpp"

#include <fmt/format.h>

#include <boost/json.hpp>
#include <chrono>

namespace vedette::app {
namespace {

namespace json = boost::json;

constexpr Micros kPatience = std::chrono::seconds(5);

const json::value* member(const json::value& value, std::string_view key) {
  const auto* object = value.if_object();
  return object == nullptr ? nullptr : object->if_contains(key);
}

// The text of a member; "" when it is absent, null, or no text.
std::string text(const json::value& value, std::string_view key) {
  const auto* found = member(value, key);
  const auto* string = found == nullptr ? nullptr : found->if_string();
  return string == nullptr ? std::string() : std::string(*string);
}

double number(const json::value& value, std::string_view key) {
  const auto* found = member(value, key);
  if (found == nullptr || !found->is_number()) return 0;
  return found->to_number<double>();
}

bool flag(const json::value& value, std::string_view key) {
  const auto* found = member(value, key);
  return found != nullptr && found->is_bool() && found->get_bool();
}

const json::array& list(const json::value& value, std::string_view key) {
  static const json::array kNone;
  const auto* found = member(value, key);
  const auto* array = found == nullptr ? nullptr : found->if_array();
  return array == nullptr ? kNone : *array;
}

bool needs_a_look(const json::value& thing) {
  const auto state = text(thing, "state");
  if (text(thing, "health") == "bad") return true;
  if (state == "retrying" || state == "unreachable" || state == "unknown") return true;
  return (state == "running" || state == "waiting") && !text(thing, "cause").empty();
}

std::string reason(const json::value& loop) {
  auto cause = text(loop, "cause");
  return cause.empty() ? text(loop, "last_error") : cause;
}

std::string describe_database(const json::value& database) {
  auto described = fmt::format("{} {}", text(database, "kind"), text(database, "version"));
  if (!flag(database, "reachable")) {
    return fmt::format("{}, not reachable: {}", described, text(database, "message"));
  }
  described += fmt::format(", reachable, tables at version {}", number(database, "schema_version"));
  if (const auto bytes = number(database, "size_bytes"); bytes > 0) {
    described += fmt::format(", {:.1f} MiB", bytes / 1048576);
  }
  return described;
}

void read_status(ServerReport& report) {
  const auto& status = report.status;
  report.version = text(status, "version");
  report.started_at = text(status, "started_at");
  for (const auto& role : list(status, "roles")) {
    if (!role.is_string()) continue;
    report.roles += (report.roles.empty() ? "" : ", ") + std::string(role.get_string());
  }
  if (const auto* database = member(status, "database"); database != nullptr) {
    report.database = describe_database(*database);
    if (!flag(*database, "reachable")) {
      report.complaints.push_back({"Database", "not reachable", text(*database, "message")});
    }
  }
  for (const auto& process : list(status, "processes")) {
    if (flag(process, "alive")) ++report.other_processes;
  }
  // The process that answers is in the list too.
  if (report.other_processes > 0) --report.other_processes;
}

void read_cameras(ServerReport& report) {
  for (const auto& camera : list(report.cameras, "cameras")) {
    const auto* status = member(camera, "status");
    if (status == nullptr) continue;
    CameraLine line;
    line.name = text(camera, "name");
    line.word = text(*status, "word");
    line.since = text(*status, "since");
    line.fps = number(*status, "fps_inferred");
    line.cause = text(*status, "cause");
    if (const auto* model = member(*status, "model"); model != nullptr) {
      line.model = text(*model, "name");
    }
    if (needs_a_look(*status)) {
      report.complaints.push_back({"Camera: " + line.name, line.word, line.cause});
    }
    report.camera_lines.push_back(std::move(line));
  }
}

void read_loops(ServerReport& report) {
  for (const auto& loop : list(report.loops, "loops")) {
    ++report.loop_count;
    // Cameras were asked for by themselves.
    if (text(loop, "name").starts_with("camera:") || !needs_a_look(loop)) continue;
    report.complaints.push_back({text(loop, "title"), text(loop, "word"), reason(loop)});
  }
}

}  // namespace

http::HttpTarget own_server(const config::Settings& settings) {
  auto host = settings.http.listen_host;
  if (host == "0.0.0.0") host = "127.0.0.1";
  if (host == "::") host = "::1";
  return {host, std::to_string(settings.http.listen_port), ""};
}

Result<json::value> ask(const http::HttpTarget& server, std::string_view path,
                        const config::Settings& settings) {
  VEDETTE_TRY(reply,
              http::http_get(server, path, {.token = settings.auth.token, .timeout = kPatience}));
  if (reply.status == 401 || reply.status == 403) {
    return fail(ErrorCode::kUnauthorized,
                "the server wants to know who asks: set auth.token (or "
                "VEDETTE_AUTH_TOKEN) to the server's token");
  }
  boost::system::error_code error;
  json::parse_options limits;
  limits.max_depth = 32;
  auto value = json::parse(reply.body, error, {}, limits);
  const bool is_ours = !error && value.is_object();
  if (!is_ours) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{}:{} answers {} with HTTP {}, not as Vedette does; another program "
                            "may have this port",
                            server.host, server.port, path, reply.status));
  }
  if (reply.status != 200) {
    const auto* body = member(value, "error");
    return fail(ErrorCode::kUnavailable,
                fmt::format("the server answers {} with HTTP {}: {}", path, reply.status,
                            body == nullptr ? "" : text(*body, "message")));
  }
  return value;
}

ServerReport read_report(json::value status, json::value loops, Result<json::value> cameras) {
  ServerReport report;
  report.status = std::move(status);
  read_status(report);
  report.loops = std::move(loops);
  read_loops(report);
  // Without its database a server cannot list its cameras; the rest is worth knowing then.
  if (cameras) {
    report.cameras = *std::move(cameras);
    read_cameras(report);
  } else {
    report.complaints.push_back({"Cameras", "not listed", cameras.error().message});
  }
  return report;
}

Result<ServerReport> ask_all(const http::HttpTarget& server, const config::Settings& settings) {
  VEDETTE_TRY(status, ask(server, "/api/status", settings));
  if (text(status, "version").empty()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("what answers at {}:{} is not Vedette", server.host, server.port));
  }
  VEDETTE_TRY(loops, ask(server, "/api/loops", settings));
  return read_report(std::move(status), std::move(loops), ask(server, "/api/cameras", settings));
}

}  // namespace vedette::app
