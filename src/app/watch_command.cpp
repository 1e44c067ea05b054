#include "app/watch_command.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <optional>
#include <ranges>
#include <string_view>
#include <utility>

#include "app/command.hpp"
#include "app/progress_line.hpp"
#include "app/stop_signal.hpp"
#include "app/traffic.hpp"
#include "app/watch_report.hpp"
#include "base/log.hpp"
#include "traffic/detectors.hpp"
#include "traffic/scene.hpp"
#include "traffic/types.hpp"
#include "traffic/watch_pipeline.hpp"

namespace vedette::app {
namespace {

using SteadyClock = std::chrono::steady_clock;

double seconds_since(SteadyClock::time_point start) {
  return std::chrono::duration<double>(SteadyClock::now() - start).count();
}

Result<std::vector<std::string>> parse_types(const std::string& text) {
  std::vector<std::string> types;
  if (text == "all") return types;
  for (const auto part : std::views::split(text, ',')) {
    std::string type(part.begin(), part.end());
    if (auto known = traffic::check_type(type); !known) {
      return fail(ErrorCode::kUsage, fmt::format("--types: {} Write a list such as car,truck,bus, "
                                                 "or all.",
                                                 known.error().message));
    }
    types.push_back(std::move(type));
  }
  return types;
}

// What the arguments say, read and checked.
Result<traffic::WatchOptions> read(const WatchArguments& arguments) {
  traffic::WatchOptions options;
  for (const std::string& text : arguments.lines) {
    VEDETTE_TRY(line, traffic::parse_line(text));
    options.lines.push_back(std::move(line));
  }
  for (const std::string& text : arguments.zones) {
    VEDETTE_TRY(zone, traffic::parse_zone(text));
    options.zones.push_back(std::move(zone));
  }
  VEDETTE_TRY(types, parse_types(arguments.types));
  options.types = std::move(types);
  VEDETTE_TRY(limit, time_of_flag("limit", arguments.limit));
  options.limit = limit;
  return options;
}

Result<std::string> one_source(const std::vector<std::string>& sources) {
  if (sources.empty()) {
    return fail(ErrorCode::kUsage,
                "source is required: a video file, a folder of recordings, rtsp://..., http://... "
                "or /dev/videoN");
  }
  return sources.size() == 1 ? sources.front() : media::files_address(sources);
}

// A file of a record that cannot be read, or not to its end; the others are watched.
bool is_passed_over(const Error& error, const media::SourceInfo& source,
                    const traffic::WatchPipeline& pipeline) {
  return source.files > 1 && error.code == ErrorCode::kCorrupt && !pipeline.has_detector_failed();
}

// Lines are in pixels of the picture, and one that is not in it would count nothing.
Result<> fit_lines(std::vector<traffic::CountingLine>& lines, const media::SourceInfo& source) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    for (std::size_t k = 0; k < i; ++k) {
      if (lines[k].name != lines[i].name) continue;
      return fail(ErrorCode::kUsage,
                  fmt::format("--line: two lines are called '{}'; give each a name of its own",
                              lines[i].name));
    }
    if (source.width <= 0 || source.height <= 0) continue;
    if (!traffic::is_inside(lines[i], source.width, source.height)) {
      return fail(
          ErrorCode::kUsage,
          fmt::format("--line: '{}' leaves the picture, which is {} x {} pixels: x is from 0 "
                      "to {}, y from 0 (top) to {}",
                      lines[i].name, source.width, source.height, source.width, source.height));
    }
    lines[i].width = source.width;
    lines[i].height = source.height;
  }
  return {};
}

// A model that cannot tell the types asked for apart counts what it knows: a vehicle, or something
// that moves.
Result<> fit_types(std::vector<std::string>& types, const media::ModelInfo& model) {
  if (types.empty()) return {};
  const traffic::TypeTable known(model.labels);
  if (model.layout == media::OutputLayout::kMotion) {
    types.clear();
    return {};
  }
  const bool wants_motor = std::ranges::find_first_of(types, traffic::motor_types()) != types.end();
  if (wants_motor) types.emplace_back("vehicle");
  if (std::ranges::none_of(types,
                           [&](const std::string& type) { return known.find(type).has_value(); })) {
    std::string names;
    for (int i = 0; i < known.size(); ++i) names += (i > 0 ? ", " : "") + known.name(i);
    return fail(
        ErrorCode::kUsage,
        fmt::format("--types: the model {} knows none of these; it knows {}", model.name, names));
  }
  return {};
}

void print_line(const std::string& text) {
  std::fwrite(text.data(), 1, text.size(), stdout);
  std::fputc('\n', stdout);
}

}  // namespace

void declare_watch_arguments(Flags& flags, WatchArguments& arguments) {
  flags
      .arguments("source", arguments.sources,
                 "A video file, a folder of recordings or several of both (read as one record), "
                 "rtsp://..., http://... or /dev/videoN")
      .texts("line", "NAME:X1,Y1,X2,Y2[:A/B]", arguments.lines,
             "A counting line in pixels of the picture, such as gate:200,250,639,250, or "
             "gate:200,250,639,250:in/out to name what crosses from its left to its right, and "
             "back; may be given again")
      .texts("zone", "NAME:X1,Y1,...", arguments.zones,
             "A zone with three corners or more, such as yard:0,0,100,0,100,80; may be given again")
      .text("model", "FILE", arguments.model,
            "A model file, auto (the best one found), or none (show what moves) (default: the "
            "setting watch.model)")
      .text("types", "A,B,...", arguments.types,
            fmt::format("Types that count, or all (default: {})", arguments.types))
      .flag("no-gate", arguments.is_ungated,
            "Use the model on every frame of a live source, also while nothing moves")
      .flag("loop", arguments.is_looped, "Play a file again and again, at its own pace")
      .text("limit", "TIME", arguments.limit,
            "Stop after this much video, such as 30s or 10m (default: at its end)")
      .number("threads", 1, 256, arguments.threads,
              "Threads for the model, 1 to 256 (default: the setting watch.threads)")
      .word("precision", {"f32", "auto"}, arguments.precision,
            "auto is the fastest here (default: the setting watch.precision)")
      .flag("events", arguments.has_events, "Print each crossing as a line of JSON");
}

Result<int> run_watch(const WatchArguments& arguments, config::Settings all, bool is_json) {
  config::WatchSettings& settings = all.watch;
  const auto start = SteadyClock::now();
  VEDETTE_TRY(url, one_source(arguments.sources));
  VEDETTE_TRY(options, read(arguments));
  if (!arguments.model.empty()) settings.model = arguments.model;
  if (!arguments.precision.empty()) settings.precision = arguments.precision;
  if (arguments.threads > 0) settings.threads = arguments.threads;

  const StopSignal signals;
  media::SourceOptions source_options;
  source_options.url = std::move(url);
  source_options.loop = arguments.is_looped;
  source_options.read_timeout = settings.stall;
  source_options.max_width = settings.max_picture;
  source_options.max_height = settings.max_picture;
  source_options.any_certificate = settings.any_certificate;
  VEDETTE_TRY(source, media::open_source(source_options, signals.token()));
  const media::SourceInfo source_info = source->info();
  VEDETTE_CHECK(fit_lines(options.lines, source_info));

  traffic::DetectorSettings wanted = detector_settings(all);
  wanted.options.cache_dir.clear();  // leaves nothing behind
  traffic::Detectors detectors(std::move(wanted));
  VEDETTE_TRY(engine, detectors.open(std::nullopt, settings.thread_count() > 1 ? 0 : 1));
  const media::ModelInfo& model = engine.session->model();
  if (!engine.detector) {
    log::info("watch", "No detection model: what moves is counted, and its type is not known.");
  }
  VEDETTE_CHECK(fit_types(options.types, model));
  // A file is to give the same counts everywhere: there every frame is looked at.
  const bool is_live = source_info.kind != media::SourceKind::kFile;
  options.is_gated =
      is_live && !arguments.is_ungated && model.layout != media::OutputLayout::kMotion;
  options.is_sequential = settings.thread_count() == 1;

  traffic::WatchPipeline pipeline(options, *source, *engine.session);
  WatchReport report(pipeline);
  ProgressLine progress;
  WatchReport::Run run;
  run.source = source_info.shown_url;
  run.files = source_info.files;
  run.order = source_info.order;
  run.left_out = source_info.left_out;
  const auto facts_before = engine.session->facts();
  const auto begin = SteadyClock::now();
  run.start_s = seconds_since(start);
  while (true) {
    auto watched = pipeline.next(signals.token());
    if (!watched) {
      if (watched.error().code == ErrorCode::kCancelled) {
        if (!is_live) run.problem = "stopped before the end of the file";
        break;
      }
      if (is_passed_over(watched.error(), source_info, pipeline)) {
        run.passed_over.push_back(watched.error().message);
        continue;
      }
      if (pipeline.totals().frames == 0) return fail(std::move(watched.error()));
      run.problem = watched.error().message;
      break;
    }
    if (!*watched) break;
    const traffic::WatchedFrame& frame = **watched;
    report.add(frame);
    if (arguments.has_events) {
      for (const traffic::Crossing& crossing : frame.crossings) print_line(report.event(crossing));
    }
    if (progress.is_due()) progress.show(report.progress(seconds_since(begin)));
  }
  if (pipeline.totals().frames == 0 && !run.passed_over.empty() && run.problem.empty()) {
    return fail(ErrorCode::kCorrupt, run.passed_over.front());
  }
  run.wall_s = seconds_since(begin);
  run.source_stats = source->stats();
  const double seen_s = run.wall_s > 0 ? run.wall_s : 1;
  run.given_fps = is_live ? static_cast<double>(run.source_stats.decoded) / seen_s : 0;
  run.detector = engine.session->facts();
  run.detector.inference_s -= facts_before.inference_s;
  run.is_sequential = options.is_sequential;
  if (is_json) {
    print_line(report.json(run));
  } else {
    std::fputs(report.text(run).c_str(), stdout);
  }
  std::fflush(stdout);
  return run.problem.empty() && run.passed_over.empty() ? kDone : kPartlyDone;
}

void add_watch_command(CommandLine& line) {
  auto arguments = std::make_shared<WatchArguments>();
  Flags flags = line.add("watch", "Watch one camera or file and count what crosses lines",
                         [arguments](const Invocation& invocation) {
                           return run_watch(*arguments, invocation.settings(), invocation.json);
                         });
  declare_watch_arguments(flags, *arguments);
}

}  // namespace vedette::app
