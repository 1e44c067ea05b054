// The settings of every process: where its data lie, who may come in, what it does.
#include <array>
#include <chrono>

#include "base/role_names.hpp"
#include "config/table_rows.hpp"

namespace vedette::config {
namespace {

using std::chrono::days;
using std::chrono::hours;
using std::chrono::minutes;
using std::chrono::seconds;
using std::string_view_literals::operator""sv;

constexpr std::array kSyncWords{"normal"sv, "full"sv};
constexpr std::array kLevelWords{"debug"sv, "info"sv, "warn"sv, "error"sv};

log::Level as_level(std::string_view word) {
  if (word == "debug") return log::Level::kDebug;
  if (word == "warn") return log::Level::kWarn;
  if (word == "error") return log::Level::kError;
  return log::Level::kInfo;
}

const std::array kRows = std::to_array<Declaration>({
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
     .default_in_data = "vedette.db",
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
     .help = "How long one statement of the database may run",
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
     .help = "Bytes of a request's body; beyond it 413. Uploads have bounds of their own",
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
     .shape = {.kind = Kind::kList, .choices = kRoleNames},
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

    {.name = "work.cpu_threads",
     .shape = whole(0, 256),
     .default_text = "0",
     .help = "Threads for short work on the processor (live pictures), shared out evenly between "
             "those who have some; 0: one a processor core",
     .apply = [](Settings& s, const Value& v) { s.work.cpu_threads = as_int(v); }},

    {.name = "log.level",
     .shape = choice(kLevelWords),
     .default_text = "info",
     .help = "Least important message that is written",
     .apply = [](Settings& s, const Value& v) { s.log.level = as_level(as_text(v)); },
     .short_flag = "log-level"},
});

}  // namespace

std::span<const Declaration> server_declarations() {
  return kRows;
}

}  // namespace vedette::config
