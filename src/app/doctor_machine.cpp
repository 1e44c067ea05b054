#include <fmt/format.h>
#include <fmt/ranges.h>
#include <netdb.h>
#include <sys/socket.h>
#include <sys/timex.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <memory>
#include <thread>

#include "app/doctor_checks.hpp"
#include "app/options.hpp"
#include "app/running_server.hpp"
#include "app/versions.hpp"
#include "base/time.hpp"
#include "http/auth.hpp"

namespace vedette::app {
namespace {

namespace fs = std::filesystem;

constexpr double kGibibyte = 1024.0 * 1024 * 1024;

std::vector<std::string> number_formats() {
  std::vector<std::string> formats;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx2")) formats.emplace_back("AVX2");
  if (__builtin_cpu_supports("avx512f")) formats.emplace_back("AVX-512");
  if (__builtin_cpu_supports("avx512vnni")) formats.emplace_back("VNNI");
  if (__builtin_cpu_supports("avx512bf16")) formats.emplace_back("bf16");
#endif
  return formats;
}

Finding processor() {
  const auto cores = std::max(1U, std::thread::hardware_concurrency());
  const auto formats = number_formats();
  const bool has_bf16 = std::ranges::find(formats, "bf16") != formats.end();
  auto what =
      fmt::format("{} cores{}{}", cores, formats.empty() ? "" : ", ", fmt::join(formats, ", "));
  if (has_bf16) {
    return {
        Verdict::kOk, "Processor", std::move(what),
        "watch.precision = \"auto\" is faster here (bf16); counts may then differ a little from "
        "other processors"};
  }
  return {Verdict::kOk, "Processor", std::move(what), ""};
}

Finding memory() {
  std::ifstream file("/proc/meminfo");
  std::string name;
  std::int64_t kibibytes = 0;
  while (file >> name >> kibibytes) {
    if (name == "MemAvailable:") break;
    file.ignore(1024, '\n');
  }
  if (name != "MemAvailable:") return {Verdict::kOk, "Memory", "not told by this system", ""};
  const auto what =
      fmt::format("{:.1f} GiB available", static_cast<double>(kibibytes) * 1024 / kGibibyte);
  if (kibibytes < std::int64_t{512} * 1024) {
    return {Verdict::kWarn, "Memory", what,
            "a detector and a camera want about 0.5 GiB; end other "
            "programs, or use a smaller model"};
  }
  return {Verdict::kOk, "Memory", what, ""};
}

Finding clock() {
  // Older than the program itself: a board without a battery before its first synchronisation.
  constexpr std::chrono::sys_days kProgramDay{std::chrono::year{2026} / 11 / 1};
  const auto now = SystemClock().now();
  const auto shown = to_rfc3339(floor_to(now, std::chrono::seconds(1)));
  const auto remedy = "set the clock, or switch on time synchronisation: timedatectl set-ntp true";
  if (now < kProgramDay) {
    return {Verdict::kBad, "Clock", fmt::format("{} lies before this program was made", shown),
            remedy};
  }
  timex state{};
  if (const int result = adjtimex(&state); result == TIME_ERROR || (state.status & STA_UNSYNC)) {
    return {Verdict::kWarn, "Clock", fmt::format("{}, not synchronised", shown), remedy};
  }
  return {Verdict::kOk, "Clock", fmt::format("{}, synchronised", shown), ""};
}

// The nearest folder that exists: where a missing one would be made.
fs::path existing_parent(fs::path path) {
  std::error_code failed;
  while (!fs::exists(path, failed) && path.has_relative_path()) path = path.parent_path();
  return path;
}

Finding disk(const fs::path& folder) {
  std::error_code failed;
  const auto space = fs::space(folder, failed);
  if (failed) return {Verdict::kWarn, "Disk", "its room is not told: " + failed.message(), ""};
  const double free = static_cast<double>(space.available) / kGibibyte;
  const auto what = fmt::format("{:.1f} GiB free of {:.0f}", free,
                                static_cast<double>(space.capacity) / kGibibyte);
  const auto remedy = "make room, or keep less (history.*_retention)";
  if (free < 0.2) return {Verdict::kBad, "Disk", what, remedy};
  if (free < 2) return {Verdict::kWarn, "Disk", what, remedy};
  return {Verdict::kOk, "Disk", what, ""};
}

// 0, or the errno of binding to the address.
int try_bind(const net::HttpTarget& target) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE;
  addrinfo* found = nullptr;
  if (getaddrinfo(target.host.c_str(), target.port.c_str(), &hints, &found) != 0) {
    return EADDRNOTAVAIL;
  }
  const std::unique_ptr<addrinfo, decltype(&freeaddrinfo)> addresses(found, &freeaddrinfo);
  const int socket = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (socket < 0) return errno;
  const int on = 1;
  setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  const int code = ::bind(socket, found->ai_addr, found->ai_addrlen) == 0 ? 0 : errno;
  ::close(socket);
  return code;
}

}  // namespace

Findings check_settings(const config::Loaded& loaded) {
  Findings findings;
  const auto given = std::ranges::count_if(loaded.effective, [](const config::Effective& row) {
    return row.origin != config::Origin::kDefault;
  });
  findings.push_back({Verdict::kOk, "Settings",
                      fmt::format("{} of {} set, file: {}", given, loaded.effective.size(),
                                  loaded.file ? loaded.file->string() : "none"),
                      ""});
  for (const auto& remark : loaded.remarks) {
    findings.push_back({Verdict::kWarn, "Settings", remark, "see `vedette config`"});
  }
  if (!loaded.unused.empty()) {
    std::vector<std::string> names;
    for (const auto& row : loaded.unused) names.push_back(row.name);
    findings.push_back({Verdict::kOk, "Settings",
                        fmt::format("known, not used by this version: {}", fmt::join(names, ", ")),
                        ""});
  }
  const auto& auth = loaded.settings.auth;
  if (const auto exposure = http::check_exposure(auth_options(loaded.settings)); !exposure) {
    findings.push_back({Verdict::kBad, "Access", exposure.error().message,
                        "set auth.token, or auth.password_hash (`vedette config hash-password`)"});
  } else if (http::is_loopback(loaded.settings.http.listen_host)) {
    findings.push_back({Verdict::kOk, "Access", "open to this machine only", ""});
  } else {
    findings.push_back({Verdict::kOk, "Access",
                        fmt::format("writing needs {}; reading {}",
                                    auth.token.empty() ? "a login" : "a token or a login",
                                    auth.protect_reads ? "too" : "is open to all"),
                        ""});
  }
  return findings;
}

Findings check_parts() {
  std::vector<std::string> parts;
  for (const auto& part : part_versions()) {
    if (!part.version.empty()) parts.push_back(part.name + ' ' + part.version);
  }
  return {{Verdict::kOk, "Parts", fmt::format("{}", fmt::join(parts, ", ")), ""}};
}

Findings check_machine() {
  return {processor(), memory(), clock()};
}

Findings check_data_folder(const config::Settings& settings) {
  const auto& folder = settings.data.dir;
  std::error_code failed;
  if (!fs::exists(folder, failed)) {
    const auto parent = existing_parent(folder);
    const bool is_folder = fs::is_directory(parent, failed);
    if (!is_folder || ::access(parent.c_str(), W_OK) != 0) {
      return {{Verdict::kBad, "Data folder",
               fmt::format("{} does not exist and cannot be made: {} is {}", folder.string(),
                           parent.string(), is_folder ? "not writable" : "no folder"),
               "name another with --data DIR, or make it for this user"}};
    }
    return {{Verdict::kOk, "Data folder",
             fmt::format("{} does not exist yet; the first start makes it", folder.string()), ""},
            disk(parent)};
  }
  // A write tells more than permissions do: read-only mounts, quotas, full disks.
  const auto probe = folder / fmt::format(".doctor-{}", ::getpid());
  bool is_written = false;
  {
    std::ofstream file(probe);
    file << "x";
    file.flush();
    is_written = file.good();
  }
  const int reason = errno;
  fs::remove(probe, failed);
  if (!is_written) {
    return {{Verdict::kBad, "Data folder",
             fmt::format("{} cannot be written: {}", folder.string(), std::strerror(reason)),
             reason == ENOSPC || reason == EDQUOT || reason == EFBIG
                 ? "make room on its disk; leave the data where they are, nothing in them is lost"
                 : "name another with --data DIR, or make it writable for this user"},
            disk(folder)};
  }
  return {{Verdict::kOk, "Data folder", folder.string() + " is writable", ""}, disk(folder)};
}

Findings check_port(const config::Settings& settings) {
  if (settings.http.listen_port == 0) {
    return {{Verdict::kOk, "Port", "any free one is taken at the start", ""}};
  }
  const auto target = own_server(settings);
  const auto shown = fmt::format("{}:{}", settings.http.listen_host, settings.http.listen_port);
  const net::HttpTarget listen{settings.http.listen_host, target.port, ""};
  switch (const int code = try_bind(listen); code) {
    case 0:
      return {{Verdict::kOk, "Port", shown + " is free", ""}};
    case EADDRINUSE:
      break;
    case EACCES:
      return {{Verdict::kBad, "Port", shown + " may not be used by this user",
               "take a port from 1024 up: --listen 127.0.0.1:8080"}};
    case EADDRNOTAVAIL:
      return {{Verdict::kBad, "Port", shown + " is no address of this machine",
               "use 127.0.0.1, an address that `ip addr` shows, or 0.0.0.0 for all"}};
    default:
      return {{Verdict::kBad, "Port",
               fmt::format("{} cannot be used: {}", shown, std::strerror(code)),
               "name another with --listen"}};
  }
  const auto report = ask_all(target, settings);
  if (report) {
    const auto what = fmt::format("{} is Vedette {} already, running", shown, report->version);
    if (report->complaints.empty()) return {{Verdict::kOk, "Port", what, ""}};
    return {{Verdict::kWarn, "Port",
             fmt::format("{}; {} of its cameras and loops need a look", what,
                         report->complaints.size()),
             "see `vedette status`"}};
  }
  if (report.error().code == ErrorCode::kUnauthorized) {
    return {{Verdict::kOk, "Port", shown + " is taken by a server that wants a token",
             report.error().message}};
  }
  // Vedette, or a proxy before it, that is there and cannot serve: starting, or its database away.
  if (report.error().detail == kCannotAnswerNow) {
    return {{Verdict::kWarn, "Port", fmt::format("{} is taken: {}", shown, report.error().message),
             "ask again when it is ready; its log says more"}};
  }
  return {{Verdict::kBad, "Port", fmt::format("{} is taken by another program", shown),
           fmt::format("end that program (ss -ltnp 'sport = :{}' names it), or take another port "
                       "with --listen",
                       settings.http.listen_port)}};
}

}  // namespace vedette::app
