#include "app/count_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json.hpp>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "app/command.hpp"
#include "app/flags.hpp"
#include "app/json_member.hpp"
#include "app/progress_line.hpp"
#include "app/running_server.hpp"
#include "app/stop_signal.hpp"
#include "base/address.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "media/frame_source.hpp"
#include "net/http_client.hpp"
#include "traffic/scene.hpp"

namespace vedette::app {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;
namespace json = boost::json;

constexpr Micros kBetweenLooks = 300ms;
// A server that is started anew meanwhile has this long to be there again.
constexpr int kMostFailures = 60;

struct CountArguments {
  std::vector<std::string> files;
  std::string name;
  std::string camera;
  std::vector<std::string> lines;
  std::string model;
  std::string types;
  bool is_detached = false;
  std::string url;
};

std::unexpected<Error> no_recording(std::string_view what, std::string_view kind) {
  return fail(ErrorCode::kUsage,
              fmt::format("{} is {}, not a recorded file: it has no end to count to. Add it as a "
                          "camera on the page Roads, which counts all the time, or look at it here "
                          "with `vedette watch`.",
                          what, kind));
}

// The server reads the files itself: they are named so that it finds them.
Result<std::string> source_of(const std::vector<std::string>& files) {
  std::vector<std::string> paths;
  for (const std::string& file : files) {
    if (file.find("://") != std::string::npos) {
      if (!media::is_file_source(file)) return no_recording(mask_address(file), "an address");
      if (files.size() > 1) {
        return fail(ErrorCode::kUsage,
                    "an address is counted alone; name it without other files beside it");
      }
      return file;
    }
    std::error_code error;
    const fs::path path = fs::absolute(file, error).lexically_normal();
    if (error || !fs::exists(path, error)) {
      return fail(ErrorCode::kNotFound,
                  fmt::format("there is no file {}; check the path", mask_address(file)));
    }
    if (fs::is_character_file(path, error)) return no_recording(path.string(), "a camera device");
    paths.push_back(path.string());
  }
  return paths.size() == 1 ? paths.front() : media::files_address(paths);
}

std::string name_of(const CountArguments& arguments) {
  if (!arguments.name.empty()) return arguments.name;
  fs::path first(arguments.files.front());
  if (!first.has_filename()) first = first.parent_path();
  const std::string stem = first.stem().string();
  if (arguments.files.size() == 1) return stem;
  return fmt::format("{} and {} more", stem, arguments.files.size() - 1);
}

class Counting {
 public:
  Counting(const CountArguments& arguments, const config::Settings& settings,
           net::HttpTarget server, bool is_json)
      : arguments_(arguments), settings_(settings), server_(std::move(server)), is_json_(is_json) {}

  Result<int> run();

 private:
  Result<json::value> call(std::string method, std::string path, const json::object& body) const {
    net::HttpRequest request;
    request.method = std::move(method);
    request.path = std::move(path);
    request.body = json::serialize(body);
    return ask(server_, std::move(request), settings_);
  }
  Result<json::value> get(std::string_view path) const { return ask(server_, path, settings_); }

  Result<json::value> the_camera();
  Result<json::value> find_named(std::string_view name, std::string_view source);
  Result<void> set_lines(const json::value& camera);
  Result<void> set_detector(const json::value& camera);
  Result<json::value> wait_for(std::int64_t job, const std::stop_token& stop);
  Result<int> report(const json::value& job) const;
  void print_result(const json::value& result) const;

  const CountArguments& arguments_;
  const config::Settings& settings_;
  const net::HttpTarget server_;
  const bool is_json_;
  std::string camera_;
};

json::array types_of(const std::string& text) {
  json::array types;
  for (const std::string_view type : split(text, ',')) types.emplace_back(trim(type));
  return types;
}

// Counting a file a second time is counting again, not another camera of the same name.
Result<json::value> Counting::find_named(std::string_view name, std::string_view source) {
  std::string cursor;
  do {
    VEDETTE_TRY(page, get("/api/cameras?limit=100" + cursor));
    for (const json::value& camera : list_at(page, "cameras")) {
      // The server tells no secret; what looks like one may stand in a path as well.
      if (text_at(camera, "name") == name && text_at(camera, "source") == mask_address(source))
        return camera;
    }
    const std::string next = text_at(page, "next");
    cursor = next.empty() ? std::string() : "&cursor=" + next;
  } while (!cursor.empty());
  return json::value(nullptr);
}

Result<json::value> Counting::the_camera() {
  if (!arguments_.camera.empty()) return get("/api/cameras/" + arguments_.camera);
  VEDETTE_TRY(source, source_of(arguments_.files));
  const std::string name = name_of(arguments_);
  json::object body{{"name", name}, {"source", source}, {"start", false}};
  if (!arguments_.model.empty()) body["model"] = arguments_.model;
  if (!arguments_.types.empty()) body["types"] = types_of(arguments_.types);
  auto made = call("POST", "/api/cameras", body);
  if (made || made.error().code != ErrorCode::kConflict) return made;
  VEDETTE_TRY(known, find_named(name, source));
  if (known.is_null()) {
    return fail(
        ErrorCode::kConflict,
        fmt::format("{} Give this one a name of its own with --name, or count that one with "
                    "--camera.",
                    made.error().message));
  }
  VEDETTE_CHECK(set_detector(known));
  return std::move(known);
}

Result<void> Counting::set_detector(const json::value& camera) {
  if (arguments_.model.empty() && arguments_.types.empty()) return {};
  json::object body;
  for (const char* field : {"name", "source", "loop", "starts_at", "model", "types", "enabled"}) {
    if (const json::value& value = part_at(camera, field); !value.is_null()) body[field] = value;
  }
  if (!arguments_.model.empty()) body["model"] = arguments_.model;
  if (!arguments_.types.empty()) body["types"] = types_of(arguments_.types);
  VEDETTE_CHECK(call("PUT", "/api/cameras/" + text_at(camera, "id"), body));
  return {};
}

// A line of the same name is moved, so that what it counted before stays its own.
Result<void> Counting::set_lines(const json::value& camera) {
  if (arguments_.lines.empty()) return {};
  json::array lines;
  for (const std::string& text : arguments_.lines) {
    VEDETTE_TRY(line, traffic::parse_line(text));
    json::object object{{"name", line.name},    {"x1", line.a.x}, {"y1", line.a.y},
                        {"x2", line.b.x},       {"y2", line.b.y}, {"a_to_b", line.a_to_b},
                        {"b_to_a", line.b_to_a}};
    for (const json::value& other : list_at(camera, "lines")) {
      if (text_at(other, "name") == line.name) object["id"] = text_at(other, "id");
    }
    lines.push_back(std::move(object));
  }
  VEDETTE_CHECK(call("PUT", fmt::format("/api/cameras/{}/lines", camera_),
                     json::object{{"lines", std::move(lines)}}));
  return {};
}

std::string time_left(double seconds) {
  if (seconds < 90) return fmt::format("{:.0f} s left", seconds);
  if (seconds < 5400) return fmt::format("{:.0f} min left", seconds / 60);
  return fmt::format("{:.1f} h left", seconds / 3600);
}

std::string progress_text(const json::value& job, bool is_terminal) {
  const json::value& progress = part_at(job, "progress");
  const std::string message = text_at(progress, "message");
  const std::int64_t done = whole_at(progress, "done");
  const std::int64_t total = whole_at(progress, "total");
  if (text_at(job, "state") == "available") return "waiting for a process to take it";
  if (text_at(job, "state") == "failed")
    return fmt::format("to be tried again: {}", text_at(job, "error"));
  std::string text = total > 0 ? fmt::format("{} of about {} frames", done, total)
                               : fmt::format("{} frames", done);
  if (part_at(progress, "left_s").is_number())
    text += ", " + time_left(number_at(progress, "left_s"));
  if (!message.empty()) text += ". " + message;
  if (!is_terminal || total <= 0) return text;
  return fmt::format("{} {}", progress_bar(static_cast<double>(done) / static_cast<double>(total)),
                     text);
}

// The job as it ended; null when a stop was asked for before.
Result<json::value> Counting::wait_for(std::int64_t job, const std::stop_token& stop) {
  ProgressLine progress;
  int failures = 0;
  while (!stop.stop_requested()) {
    auto now = get(fmt::format("/api/jobs/{}", job));
    if (!now) {
      // The server may be started anew: the job goes on then.
      if (!now.error().retryable || ++failures > kMostFailures) return now;
      if (progress.is_due()) progress.show(now.error().message);
      sleep_for(stop, 1s);
      continue;
    }
    failures = 0;
    const std::string state = text_at(*now, "state");
    if (state == "completed" || state == "discarded" || state == "cancelled") return now;
    if (progress.is_due()) progress.show(progress_text(*now, progress.is_terminal()));
    sleep_for(stop, kBetweenLooks);
  }
  return json::value(nullptr);
}

void Counting::print_result(const json::value& result) const {
  const std::int64_t users = whole_at(result, "road_users");
  fmt::print("{}: {} frames, {:.1f} s of video, {} road user{}\n", camera_,
             whole_at(result, "frames"), number_at(result, "media_s"), users,
             users == 1 ? "" : "s");
  const json::array& lines = list_at(result, "lines");
  for (const json::value& line : lines) {
    const json::value& there = part_at(line, "a_to_b");
    const json::value& back = part_at(line, "b_to_a");
    fmt::print("  {}: {} {}, {} {}\n", text_at(line, "name"), whole_at(there, "crossings"),
               text_at(there, "label"), whole_at(back, "crossings"), text_at(back, "label"));
  }
  if (lines.empty()) {
    fmt::print(
        "No line was drawn, so that no direction is known; draw one with --line, or on the "
        "page Roads, and count again.\n");
  }
  if (text_at(result, "times_from") == "first_count") {
    fmt::print(
        "Nobody says when it was recorded: its times begin at {}, when it was first counted.\n",
        text_at(result, "from"));
  }
  if (const std::string what = text_at(result, "left_out"); !what.empty()) fmt::print("{}\n", what);
  if (const std::string why = text_at(result, "cut_off"); !why.empty()) fmt::print("{}\n", why);
}

Result<int> Counting::report(const json::value& job) const {
  const std::string state = text_at(job, "state");
  const json::value& result = part_at(job, "result");
  if (is_json_) {
    fmt::print("{}\n", json::serialize(json::object{{"camera", camera_},
                                                    {"job", whole_at(job, "id")},
                                                    {"state", state},
                                                    {"error", part_at(job, "error")},
                                                    {"result", result}}));
  }
  if (state == "completed") {
    if (!is_json_) print_result(result);
    return text_at(result, "cut_off").empty() ? kDone : kPartlyDone;
  }
  if (state == "cancelled")
    return fail(ErrorCode::kCancelled, "the count was cancelled; an earlier result stays");
  return fail(ErrorCode::kUnavailable, text_at(job, "error"));
}

Result<int> Counting::run() {
  const StopSignal signals;
  VEDETTE_TRY(camera, the_camera());
  camera_ = text_at(camera, "id");
  if (!arguments_.camera.empty()) VEDETTE_CHECK(set_detector(camera));
  VEDETTE_CHECK(set_lines(camera));
  VEDETTE_TRY(started, call("POST", fmt::format("/api/cameras/{}/count", camera_), {}));
  const std::int64_t id = whole_at(part_at(started, "job"), "id");
  if (!arguments_.is_detached) {
    VEDETTE_TRY(ended, wait_for(id, signals.token()));
    if (!ended.is_null()) return report(ended);
  }
  if (is_json_) {
    fmt::print("{}\n", json::serialize(json::object{{"camera", camera_}, {"job", id}}));
  } else {
    fmt::print(
        "{} is counted by the server as job {}: `vedette queue show {}` says how far it is, "
        "`vedette queue cancel {}` ends it.\n",
        camera_, id, id, id);
  }
  return arguments_.is_detached ? kDone : kPartlyDone;
}

Result<int> run_count(const CountArguments& arguments, const Invocation& invocation) {
  const config::Settings& settings = invocation.settings();
  if (arguments.files.empty() == arguments.camera.empty()) {
    return fail(ErrorCode::kUsage,
                "name the files to count, such as `vedette count road.mp4`, or a camera of the "
                "server with --camera ID");
  }
  for (const std::string& line : arguments.lines) VEDETTE_CHECK(traffic::parse_line(line));
  net::HttpTarget server = own_server(settings);
  if (!arguments.url.empty()) {
    VEDETTE_TRY(target, net::parse_target(arguments.url));
    server = std::move(target);
  }
  return Counting(arguments, settings, std::move(server), invocation.json).run();
}

}  // namespace

void add_count_command(CommandLine& line) {
  auto arguments = std::make_shared<CountArguments>();
  line.add("count",
           "Count recorded files on the queue of a running server; exit code 1 when it fails, 3 "
           "when it goes on without this command or the file is cut off",
           [arguments](const Invocation& invocation) { return run_count(*arguments, invocation); })
      .arguments("file", arguments->files,
                 "Video files or folders of them, taken in order as one record")
      .text("name", "NAME", arguments->name,
            "What the camera is called on the server (default: the first file's name)")
      .text("camera", "ID", arguments->camera,
            "Count a camera that the server has, instead of files")
      .texts(
          "line", "NAME:X1,Y1,X2,Y2[:A/B]", arguments->lines,
          "A counting line in pixels of the picture, such as gate:200,250,639,250:in/out; may be "
          "given again (default: the lines that the camera has)")
      .text("model", "NAME", arguments->model,
            "A model of the server, or motion (default: the server's)")
      .text("types", "A,B,...", arguments->types, "Types that count, such as car,truck,bus")
      .flag("detach", arguments->is_detached, "Do not wait for the result")
      .text("url", "URL", arguments->url,
            "Another server, such as http://10.0.0.5:8765 (default: the one of the settings); it "
            "must find the files under the same paths");
}

}  // namespace vedette::app
