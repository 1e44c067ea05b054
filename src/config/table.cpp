#include "config/table.hpp"

#include <algorithm>
#include <array>
#include <chrono>

namespace vedette::config {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::string_view_literals::operator""sv;

constexpr std::array kSyncWords{"normal"sv, "full"sv};
constexpr std::array kRoleWords{"api"sv, "watch"sv, "collect"sv, "work"sv, "keep"sv};
constexpr std::array kLevelWords{"debug"sv, "info"sv, "warn"sv, "error"sv};
constexpr std::array kModelWords{"auto"sv, "none"sv};
constexpr std::array kEngineWords{"auto"sv, "openvino"sv, "opencv"sv};
constexpr std::array kPrecisionWords{"f32"sv, "auto"sv};

constexpr Shape text(bool may_be_empty = true, double longest = 0) {
  return {.kind = Kind::kText, .high = longest, .may_be_empty = may_be_empty};
}
constexpr Shape path(bool may_be_empty = false) {
  return {.kind = Kind::kPath, .may_be_empty = may_be_empty};
}
constexpr Shape whole(double low, double high) {
  return {.kind = Kind::kInteger, .low = low, .high = high};
}
constexpr Shape size(double low, double high) {
  return {.kind = Kind::kSize, .low = low, .high = high};
}
constexpr Shape duration(Micros low, Micros high) {
  return {.kind = Kind::kDuration,
          .low = static_cast<double>(low.count()),
          .high = static_cast<double>(high.count())};
}
constexpr Shape choice(std::span<const std::string_view> words) {
  return {.kind = Kind::kChoice, .choices = words};
}

// Not below an hour: 48s in place of 48h would empty the tables.
constexpr Shape retention() {
  auto shape = duration(hours(1), days(36500));
  shape.may_be_zero = true;
  return shape;
}

constexpr double kMebibyte = 1024 * 1024;

const std::string& as_text(const Value& value) {
  return std::get<std::string>(value);
}
int as_int(const Value& value) {
  return static_cast<int>(std::get<std::int64_t>(value));
}
Micros as_time(const Value& value) {
  return std::get<Micros>(value);
}

log::Level as_level(std::string_view word) {
  if (word == "debug") return log::Level::kDebug;
  if (word == "warn") return log::Level::kWarn;
  if (word == "error") return log::Level::kError;
  return log::Level::kInfo;
}

const std::array kTable = std::to_array<Declaration>({
    {.name = "data.dir",
     .shape = path(),
     .default_text = "",
     .help =
         "Folder that holds the database, the models and vedette.toml when nothing else is said",
     .apply = [](Settings& s, const Value& v) { s.data.dir = as_text(v); },
     .default_note = "$XDG_DATA_HOME/vedette, or ~/.local/share/vedette",
     .short_flag = "data",
     .short_environment = "VEDETTE_DATA"},

    {.name = "database.url",
     .shape = {.kind = Kind::kDatabase},
     .default_text = "",
     .help = "Where everything is remembered: sqlite:FILE, or postgresql://USER@HOST:PORT/NAME",
     .apply = [](Settings& s, const Value& v) { s.database.url = as_text(v); },
     .default_note = "sqlite:vedette.db in the data folder",
     .short_flag = "database",
     .short_environment = "VEDETTE_DATABASE"},
    {.name = "database.pool",
     .shape = whole(1, 64),
     .default_text = "4",
     .help = "Connections for reading",
     .apply = [](Settings& s, const Value& v) { s.database.pool = as_int(v); }},
    {.name = "database.sqlite_sync",
     .shape = choice(kSyncWords),
     .default_text = "normal",
     .help = "full: each commit waits for the disk. normal: a power cut may lose the last seconds, "
             "never the file",
     .apply = [](Settings& s, const Value& v) { s.database.sqlite_sync = as_text(v); }},
    {.name = "database.statement_timeout",
     .shape = duration(seconds(1), hours(1)),
     .default_text = "30s",
     .help = "How long one statement may run (PostgreSQL)",
     .apply = [](Settings& s, const Value& v) { s.database.statement_timeout = as_time(v); }},

    {.name = "http.listen",
     .shape = {.kind = Kind::kAddress},
     .default_text = "127.0.0.1:8080",
     .help = "Address and port of the pages and the API; port 0: any free one. Beyond this machine "
             "(0.0.0.0:8080) auth.token or auth.password_hash must be set. Not set and without the "
             "role api: 127.0.0.1 and any free port",
     .apply =
         [](Settings& s, const Value& v) {
           s.http.listen_host = std::get<Address>(v).host;
           s.http.listen_port = std::get<Address>(v).port;
         },
     .short_flag = "listen",
     .short_environment = "VEDETTE_LISTEN"},
    {.name = "http.advertise",
     .shape = {.kind = Kind::kAddress, .may_be_empty = true},
     .default_text = "",
     .help = "Address and port at which other machines' Vedette reaches this one (live pictures); "
             "set it behind NAT, or where the machine's own name is not known to them",
     .apply =
         [](Settings& s, const Value& v) {
           s.http.advertise_host = std::get<Address>(v).host;
           s.http.advertise_port = std::get<Address>(v).port;
         },
     .default_note = "http.listen; the machine's name for 0.0.0.0 and [::]"},
    {.name = "http.io_threads",
     .shape = whole(1, 64),
     .default_text = "1",
     .help = "Threads that move bytes",
     .apply = [](Settings& s, const Value& v) { s.http.io_threads = as_int(v); }},
    {.name = "http.pool_threads",
     .shape = whole(1, 256),
     .default_text = "4",
     .help = "Threads that answer requests which need the database",
     .apply = [](Settings& s, const Value& v) { s.http.pool_threads = as_int(v); }},
    {.name = "http.slow_threads",
     .shape = whole(1, 256),
     .default_text = "8",
     .help = "Threads that answer requests which may take long or wait for other machines",
     .apply = [](Settings& s, const Value& v) { s.http.slow_threads = as_int(v); }},
    {.name = "http.max_connections",
     .shape = whole(16, 65536),
     .default_text = "4096",
     .help = "Open connections; beyond it the longest idle one is closed, else new ones get 503 "
             "(/healthz and /readyz are answered all the same)",
     .apply = [](Settings& s, const Value& v) { s.http.max_connections = as_int(v); }},
    {.name = "http.max_connections_per_address",
     .shape = whole(0, 65536),
     .default_text = "512",
     .help = "Open connections of one client address, but not of this machine, nor with "
             "auth.behind_tls of private networks, where the proxy is; 0: no bound",
     .apply = [](Settings& s, const Value& v) { s.http.max_connections_per_address = as_int(v); }},
    {.name = "http.max_streams",
     .shape = whole(0, 65536),
     .default_text = "0",
     .help = "Open event and picture streams; beyond it 503. 0: three quarters of "
             "http.max_connections, so that short requests find room",
     .apply = [](Settings& s, const Value& v) { s.http.max_streams = as_int(v); }},
    {.name = "http.max_header",
     .shape = size(1024, kMebibyte),
     .default_text = "16KiB",
     .help = "Bytes of a request's line and header fields; beyond it 431",
     .apply = [](Settings& s, const Value& v) { s.http.max_header = std::get<std::int64_t>(v); }},
    {.name = "http.max_body",
     .shape = size(1024, 16.0 * 1024 * kMebibyte),
     .default_text = "64MiB",
     .help = "Bytes of a request's body; beyond it 413",
     .apply = [](Settings& s, const Value& v) { s.http.max_body = std::get<std::int64_t>(v); }},
    {.name = "http.header_timeout",
     .shape = duration(seconds(1), minutes(10)),
     .default_text = "10s",
     .help = "From a request's first byte to the end of its header",
     .apply = [](Settings& s, const Value& v) { s.http.header_timeout = as_time(v); }},
    {.name = "http.body_timeout",
     .shape = duration(seconds(1), minutes(10)),
     .default_text = "30s",
     .help = "Between two pieces of a request's body",
     .apply = [](Settings& s, const Value& v) { s.http.body_timeout = as_time(v); }},
    {.name = "http.write_timeout",
     .shape = duration(seconds(1), minutes(10)),
     .default_text = "30s",
     .help = "Without the client taking a single byte of its answer",
     .apply = [](Settings& s, const Value& v) { s.http.write_timeout = as_time(v); }},
    {.name = "http.idle_timeout",
     .shape = duration(seconds(1), hours(1)),
     .default_text = "75s",
     .help = "An open connection between two requests",
     .apply = [](Settings& s, const Value& v) { s.http.idle_timeout = as_time(v); }},
    {.name = "http.allowed_hosts",
     .shape = {.kind = Kind::kList, .may_be_empty = true},
     .default_text = "",
     .help =
         "Names by which browsers may call this server, beside its address: vedette.example.org",
     .apply = [](Settings& s,
                 const Value& v) { s.http.allowed_hosts = std::get<std::vector<std::string>>(v); }},

    {.name = "auth.token",
     .shape = text(true, 1024),
     .default_text = "",
     .help = "Bearer token (16 characters or more) that other programs send to write",
     .apply = [](Settings& s, const Value& v) { s.auth.token = as_text(v); },
     .is_secret = true},
    {.name = "auth.user",
     .shape = text(false, 64),
     .default_text = "admin",
     .help = "Name for the login page",
     .apply = [](Settings& s, const Value& v) { s.auth.user = as_text(v); }},
    {.name = "auth.password_hash",
     .shape = text(true, 1024),
     .default_text = "",
     .help = "Password for the login page, as `vedette config hash-password` prints it; empty: no "
             "login page",
     .apply = [](Settings& s, const Value& v) { s.auth.password_hash = as_text(v); },
     .is_secret = true},
    {.name = "auth.protect_reads",
     .shape = {.kind = Kind::kBoolean},
     .default_text = "false",
     .help = "Looking needs token or login too, not only changing",
     .apply = [](Settings& s, const Value& v) { s.auth.protect_reads = std::get<bool>(v); }},
    {.name = "auth.behind_tls",
     .shape = {.kind = Kind::kBoolean},
     .default_text = "false",
     .help = "A proxy in front speaks https: cookies are sent over https only, and this machine is "
             "no longer open to itself",
     .apply = [](Settings& s, const Value& v) { s.auth.behind_tls = std::get<bool>(v); }},
    {.name = "auth.session_time",
     .shape = duration(minutes(1), days(90)),
     .default_text = "12h",
     .help = "A login ends when it was not used for so long",
     .apply = [](Settings& s, const Value& v) { s.auth.session_time = as_time(v); }},

    {.name = "roles",
     .shape = {.kind = Kind::kList, .choices = kRoleWords},
     .default_text = "api,watch,collect,work,keep",
     .help = "What this process does: api (pages), watch (cameras), collect (radar), work (jobs), "
             "keep (roll-ups, retention)",
     .apply = [](Settings& s, const Value& v) { s.roles = std::get<std::vector<std::string>>(v); },
     .short_flag = "roles"},

    {.name = "lease.ttl",
     .shape = duration(seconds(2), minutes(10)),
     .default_text = "10s",
     .help = "A process that dies is replaced within this time; the same in the whole deployment",
     .apply = [](Settings& s, const Value& v) { s.lease.ttl = as_time(v); }},

    {.name = "log.level",
     .shape = choice(kLevelWords),
     .default_text = "info",
     .help = "Least important message that is written",
     .apply = [](Settings& s, const Value& v) { s.log.level = as_level(as_text(v)); },
     .short_flag = "log-level"},

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
     .default_note = "models in the data folder"},
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

// Letters to insert, drop, replace or swap with their neighbour.
int distance(std::string_view a, std::string_view b) {
  const auto width = b.size() + 1;
  std::vector<int> cells((a.size() + 1) * width);
  const auto at = [&](std::size_t i, std::size_t j) -> int& { return cells[i * width + j]; };
  for (std::size_t i = 0; i <= a.size(); ++i) at(i, 0) = static_cast<int>(i);
  for (std::size_t j = 0; j <= b.size(); ++j) at(0, j) = static_cast<int>(j);
  for (std::size_t i = 1; i <= a.size(); ++i) {
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const int replaced = at(i - 1, j - 1) + (a[i - 1] == b[j - 1] ? 0 : 1);
      at(i, j) = std::min({at(i - 1, j) + 1, at(i, j - 1) + 1, replaced});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        at(i, j) = std::min(at(i, j), at(i - 2, j - 2) + 1);
      }
    }
  }
  return at(a.size(), b.size());
}

}  // namespace

std::span<const Declaration> declarations() {
  return kTable;
}

const Declaration* find_declaration(std::string_view name) {
  const auto found = std::ranges::find(kTable, name, &Declaration::name);
  return found == kTable.end() ? nullptr : &*found;
}

std::string environment_name(const Declaration& declaration) {
  std::string name = "VEDETTE_";
  for (const char c : declaration.name) {
    name += c == '.' ? '_' : (c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c);
  }
  return name;
}

std::string flag_name(const Declaration& declaration) {
  std::string name(declaration.name);
  std::ranges::replace_if(name, [](char c) { return c == '.' || c == '_'; }, '-');
  return name;
}

std::optional<std::string> nearest(std::string_view word, std::span<const std::string> words) {
  if (word.size() > 64) return {};
  const std::string* best = nullptr;
  int best_distance = 1 + static_cast<int>(std::max<std::size_t>(1, word.size() / 4));
  for (const auto& candidate : words) {
    if (const int d = distance(word, candidate); d < best_distance) {
      best = &candidate;
      best_distance = d;
    }
  }
  return best == nullptr ? std::nullopt : std::optional(*best);
}

}  // namespace vedette::config
