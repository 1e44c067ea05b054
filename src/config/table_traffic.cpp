// The settings of the traffic pipeline: detectors, cameras, live pictures, what is kept for how
// long.
#include <array>
#include <chrono>

#include "config/table_rows.hpp"

namespace vedette::config {
namespace {

using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::string_view_literals::operator""sv;

constexpr std::array kModelWords{"auto"sv, "none"sv};
constexpr std::array kEngineWords{"auto"sv, "openvino"sv, "opencv"sv};
constexpr std::array kPrecisionWords{"f32"sv, "auto"sv};

const std::array kRows = std::to_array<Declaration>({
    {.name = "watch.model",
     .shape = {.kind = Kind::kPath, .choices = kModelWords},
     .default_text = "auto",
     .help = "auto: the best model in watch.models_dir; none: a motion detector, no types; else a "
             "model file",
     .apply = [](Settings& s, const Value& v) { s.watch.model = as_text(v); }},
    {.name = "watch.models_dir",
     .shape = path(),
     .default_text = "",
     .help = "Folder in which models are looked for",
     .apply = [](Settings& s, const Value& v) { s.watch.models_dir = as_text(v); },
     .default_note = "models in the data folder",
     .default_in_data = "models"},
    {.name = "watch.engine",
     .shape = choice(kEngineWords),
     .default_text = "auto",
     .help = "What runs the model; auto: OpenVINO, or OpenCV where it is absent",
     .apply = [](Settings& s, const Value& v) { s.watch.engine = as_text(v); }},
    {.name = "watch.device",
     .shape = text(false, 64),
     .default_text = "CPU",
     .help = "OpenVINO device: CPU, GPU, NPU, AUTO",
     .apply = [](Settings& s, const Value& v) { s.watch.device = as_text(v); }},
    {.name = "watch.precision",
     .shape = choice(kPrecisionWords),
     .default_text = "f32",
     .help = "f32: the same counts on every processor; auto: what is fastest here (bf16 where the "
             "processor has it)",
     .apply = [](Settings& s, const Value& v) { s.watch.precision = as_text(v); }},
    {.name = "watch.score",
     .shape = {.kind = Kind::kNumber, .low = 0.01, .high = 0.99},
     .default_text = "0.1",
     .help = "Boxes of which the model is less sure are never used",
     .apply = [](Settings& s, const Value& v) { s.watch.score = std::get<double>(v); }},
    {.name = "watch.threads",
     .shape = whole(0, 256),
     .default_text = "0",
     .help = "Threads for the model; 0: one a processor core, at most 4",
     .apply = [](Settings& s, const Value& v) { s.watch.threads = as_int(v); }},
    {.name = "watch.max_cameras",
     .shape = whole(1, 1000),
     .default_text = "64",
     .help =
         "Cameras that one process watches at most; further ones are watched by other processes "
         "with the role watch, or wait",
     .apply = [](Settings& s, const Value& v) { s.watch.max_cameras = as_int(v); }},
    {.name = "watch.retry_max",
     .shape = duration(seconds(1), hours(1)),
     .default_text = "1m",
     .help = "Longest wait before an unreachable camera is tried again",
     .apply = [](Settings& s, const Value& v) { s.watch.retry_max = as_time(v); }},
    {.name = "watch.stall",
     .shape = duration(seconds(1), minutes(10)),
     .default_text = "10s",
     .help = "A camera without a picture for so long is opened anew",
     .apply = [](Settings& s, const Value& v) { s.watch.stall = as_time(v); }},
    {.name = "watch.max_picture",
     .shape = whole(64, 16384),
     .default_text = "8192",
     .help = "Width or height in pixels beyond which a picture is refused",
     .apply = [](Settings& s, const Value& v) { s.watch.max_picture = as_int(v); }},

    {.name = "watch.file_folders",
     .shape = {.kind = Kind::kList, .may_be_empty = true},
     .default_text = "",
     .help =
         "Folders from which cameras may read recordings; empty: any that Vedette's user may read",
     .apply = [](Settings& s,
                 const Value& v) { s.watch.file_folders = std::get<std::vector<std::string>>(v); }},
    {.name = "watch.any_certificate",
     .shape = {.kind = Kind::kBoolean},
     .default_text = "false",
     .help = "Take any certificate of an https camera, though this machine does not trust it: what "
             "stands between could then read along and show other pictures. (Those of rtsps "
             "cameras are not looked at.)",
     .apply = [](Settings& s, const Value& v) { s.watch.any_certificate = std::get<bool>(v); }},

    {.name = "live.fps",
     .shape = whole(1, 60),
     .default_text = "10",
     .help = "Pictures a second of the live view",
     .apply = [](Settings& s, const Value& v) { s.live.fps = as_int(v); }},
    {.name = "live.quality",
     .shape = whole(1, 100),
     .default_text = "80",
     .help = "JPEG quality of the live view",
     .apply = [](Settings& s, const Value& v) { s.live.quality = as_int(v); }},
    {.name = "live.max_width",
     .shape = whole(0, 16384),
     .default_text = "1280",
     .help = "Wider pictures are shrunk to this for the live view; 0: never",
     .apply = [](Settings& s, const Value& v) { s.live.max_width = as_int(v); }},

    {.name = "history.live_retention",
     .shape = retention(),
     .default_text = "48h",
     .help = "How long rows of single sightings are kept; 0: for ever",
     .apply = [](Settings& s, const Value& v) { s.history.live_retention = as_time(v); }},
    {.name = "history.crossings_retention",
     .shape = retention(),
     .default_text = "400d",
     .help = "How long single crossings of counting lines are kept; 0: for ever",
     .apply = [](Settings& s, const Value& v) { s.history.crossings_retention = as_time(v); }},
    {.name = "history.five_minute_retention",
     .shape = retention(),
     .default_text = "90d",
     .help = "How long the 5-minute history is kept; 0: for ever",
     .apply = [](Settings& s, const Value& v) { s.history.five_minute_retention = as_time(v); }},
    {.name = "history.hourly_retention",
     .shape = retention(),
     .default_text = "0",
     .help = "How long the hourly history is kept; 0: for ever",
     .apply = [](Settings& s, const Value& v) { s.history.hourly_retention = as_time(v); }},

    {.name = "rollup.every",
     .shape = duration(seconds(1), minutes(5)),
     .default_text = "5s",
     .help = "How often new rows are taken into the history",
     .apply = [](Settings& s, const Value& v) { s.rollup.every = as_time(v); }},

    {.name = "samples.dir",
     .shape = path(true),
     .default_text = "",
     .help = "Folder with sample videos for the demo and the tests",
     .apply = [](Settings& s, const Value& v) { s.samples.dir = as_text(v); },
     .short_environment = "VEDETTE_SAMPLES"},
});

}  // namespace

std::span<const Declaration> traffic_declarations() {
  return kRows;
}

}  // namespace vedette::config
