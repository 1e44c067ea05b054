// The settings of one process, read once at its start and immutable afterwards: plain typed
// members, grouped as in vedette.toml ([http] listen = "..." is settings.http.listen_host and
// listen_port). Every setting is declared once, in config/table.cpp: name, type, default, bounds,
// help. Made by config/load.hpp. Copy it, or pass `const Settings&` to any thread.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"

namespace vedette::config {

/// What this process does for its deployment (architecture: Processes and roles).
enum class Role {
  kApi,      ///< HTTP and the pages
  kWatch,    ///< cameras
  kCollect,  ///< radar
  kWork,     ///< jobs
  kKeep,     ///< roll-ups, retention, sweeps
};

/// When SQLite waits for the disk. kNormal: a power cut may lose the last transactions, never the
/// file; kFull: loses nothing that was committed.
enum class SqliteSync { kNormal, kFull };

/// Who may read when the server listens beyond this machine. Writes always need a token or login
/// there.
enum class ReadAccess { kOpen, kLogin };

struct DataSettings {
  /// Absolute. Holds database, models and vedette.toml when nothing else is said. May not exist
  /// yet.
  std::filesystem::path dir;
};

struct DatabaseSettings {
  /// "sqlite:/absolute/file.db" or "postgresql://user:password@host:port/name". Never log it; see
  /// mask_url() in config/load.hpp.
  std::string url;
  /// Connections for reading, beside the one that writes.
  int pool = 4;
  SqliteSync sqlite_sync = SqliteSync::kNormal;
  Micros statement_timeout{};
};

struct HttpSettings {
  std::string listen_host;
  /// 0: any free port.
  std::uint16_t listen_port = 0;
  int io_threads = 0;
  /// Threads for handlers that may block.
  int pool_threads = 0;
  int max_connections = 0;
  /// Bytes of one request's body.
  std::int64_t max_body = 0;
  Micros header_timeout{};
  Micros body_timeout{};
  Micros idle_timeout{};
  /// Host names a request may carry in `Host`, beside those of the listen address; "*": any.
  std::vector<std::string> allowed_hosts;
};

struct AuthSettings {
  /// Bearer token that allows everything; empty: none.
  std::string token;
  /// Name for the login page; empty: no login.
  std::string user;
  /// As `vedette config hash-password` prints it; see config/password.hpp.
  std::string password_hash;
  ReadAccess reads = ReadAccess::kOpen;

  /// Whether anybody can prove who they are: what `serve` demands beyond loopback.
  bool is_configured() const { return !token.empty() || (!user.empty() && !password_hash.empty()); }
};

struct LeaseSettings {
  Micros ttl{};
};

struct LogSettings {
  log::Level level = log::Level::kInfo;
};

struct WatchSettings {
  /// "auto": the best model found in models_dir; "none": the motion detector; else a file.
  std::string model;
  /// Absolute; default <data>/models.
  std::filesystem::path models_dir;
  /// "auto", "openvino" or "opencv".
  std::string engine;
  /// OpenVINO device: CPU, GPU, NPU, AUTO.
  std::string device;
  /// "f32" or "auto".
  std::string precision;
  /// Boxes below are never used, 0 to 1.
  double score = 0;
  /// As set; 0: chosen by thread_count().
  int threads = 0;
  int max_cameras = 0;
  /// Longest wait before a dead camera is tried again.
  Micros retry_max{};
  /// A live source without a frame for so long is opened anew.
  Micros stall{};
  /// Width and height in pixels beyond which a picture is refused.
  int max_picture = 0;

  /// Inference threads to use: `threads`, or one a processor core, at most 4.
  int thread_count() const;
};

struct LiveSettings {
  int fps = 0;
  /// JPEG, 1 to 100.
  int quality = 0;
  /// Pixels; wider pictures are shrunk for viewers. 0: never.
  int max_width = 0;
};

/// How long what is kept; zero: for ever.
struct HistorySettings {
  Micros live_retention{};
  Micros crossings_retention{};
  Micros five_minute_retention{};
  Micros hourly_retention{};
};

struct RollupSettings {
  Micros every{};
};

struct SamplesSettings {
  /// Absolute; empty: none.
  std::filesystem::path dir;
};

struct Settings {
  DataSettings data;
  DatabaseSettings database;
  HttpSettings http;
  AuthSettings auth;
  /// At least one, none twice, in the order of Role.
  std::vector<Role> roles;
  LeaseSettings lease;
  LogSettings log;
  WatchSettings watch;
  LiveSettings live;
  HistorySettings history;
  RollupSettings rollup;
  SamplesSettings samples;

  bool has_role(Role role) const;
};

std::string_view name(Role role);

/// Whether the listen host is this machine only: 127.0.0.0/8, ::1 or localhost.
bool is_loopback(std::string_view host);

}  // namespace vedette::config
