// The settings of one process, read once at its start and immutable afterwards: plain typed
// members, grouped as in vedette.toml ([http] listen = "..." is settings.http.listen_host and
// listen_port). Every setting is declared once, in a config/table_*.cpp: name, type, default,
// bounds, help. Made by config/load.hpp. Copy it, or pass `const Settings&` to any thread. What
// they mean to the other folders (their own options) is put together in app/options.hpp.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "base/log.hpp"
#include "base/time.hpp"

namespace vedette::config {

struct DataSettings {
  /// Absolute. Holds database, models and vedette.toml when nothing else is said. May not exist
  /// yet.
  std::filesystem::path dir;
};

struct DatabaseSettings {
  /// "sqlite:/absolute/file.db", "postgresql://user:password@host:port/name" or libpq's
  /// "host=... dbname=...". Never log it; mask_address() in base/address.hpp is for that.
  std::string url;
  /// Connections for reading.
  int pool = 0;
  /// "normal" or "full".
  std::string sqlite_sync;
  Micros statement_timeout{};
};

/// Where objects lie: in the folder, or in the bucket where one is named.
struct BlobSettings {
  /// Absolute; default <data>/blobs.
  std::filesystem::path folder;
  bool is_synced = true;
  std::string bucket;
  std::string endpoint;
  std::string region;
  std::string prefix;
  std::string access_key;
  /// Never log these.
  std::string secret_key;
  std::string session_token;
  /// "auto", "path" or "virtual".
  std::string style;
  /// Absolute, or empty.
  std::filesystem::path ca_file;
  Micros timeout{};
  int retries = 0;
  std::int64_t part_size = 0;
  int parallel = 0;
};

struct HttpSettings {
  /// As written: an address, or "localhost"; IPv6 without brackets.
  std::string listen_host;
  /// 0: any free port.
  std::uint16_t listen_port = 0;
  /// Where other processes reach this one; empty: as it listens.
  std::string advertise_host;
  std::uint16_t advertise_port = 0;
  int io_threads = 0;
  /// Threads for handlers that may block.
  int pool_threads = 0;
  /// Threads for handlers that may wait for other machines.
  int slow_threads = 0;
  int max_connections = 0;
  /// Connections from one address; 0: no bound.
  int max_connections_per_address = 0;
  /// Connections that may be event or picture streams; 0: three quarters of max_connections.
  int max_streams = 0;
  /// Bytes of a request's line and fields.
  std::int64_t max_header = 0;
  /// Bytes of one request's body.
  std::int64_t max_body = 0;
  Micros header_timeout{};
  Micros body_timeout{};
  Micros write_timeout{};
  Micros idle_timeout{};
  /// Names a request may carry in `Host`, beside those of the listen address.
  std::vector<std::string> allowed_hosts;
};

struct AuthSettings {
  /// Bearer token that allows everything; empty: none.
  std::string token;
  /// Name for the login page.
  std::string user;
  /// As `vedette config hash-password` prints it; empty: no login.
  std::string password_hash;
  /// Reading needs token or login too, beyond loopback. Writing always does there.
  bool protect_reads = false;
  /// A proxy in front ends TLS.
  bool behind_tls = false;
  Micros session_time{};
};

struct LeaseSettings {
  Micros ttl{};
};

struct WorkSettings {
  /// Of the pool for short work on the processor; 0: one a core.
  int cpu_threads = 0;
};

struct LogSettings {
  log::Level level = log::Level::kInfo;
};

struct WatchSettings {
  /// "auto": the best model found in models_dir; "none": the motion detector; else a file,
  /// absolute.
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
  std::vector<std::string> file_folders;
  /// https cameras: a certificate that this machine does not trust is taken.
  bool any_certificate = false;

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

/// Images of the fields.
struct ImagerySettings {
  std::int64_t max_image = 0;    // bytes
  std::int64_t max_request = 0;  // bytes of one request with however many images
  int max_files = 0;             // of one request
  int workers = 0;               // images analysed at the same time in this process
  /// "name = formula", as imagery::parse_user_index() reads it; checked at the start.
  std::vector<std::string> indices;
  /// Where the original program kept its images and its results; absolute or empty.
  std::filesystem::path upload_folder;
  std::filesystem::path processed_folder;
  Micros sweep_every{};
  Micros sweep_age{};
};

struct SamplesSettings {
  /// Absolute; empty: none.
  std::filesystem::path dir;
};

struct Settings {
  DataSettings data;
  DatabaseSettings database;
  BlobSettings blob;
  HttpSettings http;
  AuthSettings auth;
  /// Names out of api, watch, collect, work, keep; at least one, none twice. For
  /// work::Roles::parse see app/options.hpp.
  std::vector<std::string> roles;
  LeaseSettings lease;
  WorkSettings work;
  LogSettings log;
  WatchSettings watch;
  LiveSettings live;
  HistorySettings history;
  RollupSettings rollup;
  ImagerySettings imagery;
  SamplesSettings samples;
};

}  // namespace vedette::config
