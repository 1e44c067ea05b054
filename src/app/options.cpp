#include "app/options.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <system_error>

#include "base/process.hpp"

namespace vedette::app {
namespace {

std::chrono::seconds whole_seconds(Micros time) {
  return std::chrono::ceil<std::chrono::seconds>(time);
}

// Where others reach this machine: not at "all addresses".
std::string own_host(const config::HttpSettings& http) {
  if (!http.advertise_host.empty()) return http.advertise_host;
  const bool is_wildcard = http.listen_host == "0.0.0.0" || http.listen_host == "::";
  return is_wildcard ? host_name() : http.listen_host;
}

}  // namespace

db::DatabaseOptions database_options(const config::Settings& settings) {
  db::DatabaseOptions options;
  options.url = settings.database.url;
  options.read_connections = settings.database.pool;
  options.statement_timeout = settings.database.statement_timeout;
  // A process frozen inside a transaction must not keep others from taking its leases over.
  options.idle_transaction_timeout =
      std::min<Micros>(options.idle_transaction_timeout, settings.lease.ttl / 2);
  options.synchronous = settings.database.sqlite_sync == "full" ? db::SqliteSynchronous::kFull
                                                                : db::SqliteSynchronous::kNormal;
  return options;
}

blob::StoreOptions blob_options(const config::Settings& settings) {
  const auto& from = settings.blob;
  blob::StoreOptions options;
  options.folder = {.folder = from.folder, .is_synced = from.is_synced};
  auto& s3 = options.s3;
  s3.endpoint = from.endpoint;
  s3.region = from.region;
  s3.bucket = from.bucket;
  s3.prefix = from.prefix;
  s3.access_key = from.access_key;
  s3.secret_key = from.secret_key;
  s3.session_token = from.session_token;
  s3.style = from.style == "path"      ? blob::S3Options::Style::kPath
             : from.style == "virtual" ? blob::S3Options::Style::kVirtual
                                       : blob::S3Options::Style::kAuto;
  s3.ca_file = from.ca_file;
  s3.timeout = from.timeout;
  s3.retries = from.retries;
  s3.part_size = static_cast<std::uint64_t>(from.part_size);
  s3.parallel = from.parallel;
  return options;
}

http::ServerOptions server_options(const config::Settings& settings) {
  const auto& from = settings.http;
  http::ServerOptions options;
  options.address = from.listen_host == "localhost" ? "127.0.0.1" : from.listen_host;
  options.port = from.listen_port;
  options.io_threads = from.io_threads;
  options.pool_threads = from.pool_threads;
  options.slow_threads = from.slow_threads;
  options.header_bytes = static_cast<std::size_t>(from.max_header);
  options.connections = static_cast<std::size_t>(from.max_connections);
  options.connections_per_address = static_cast<std::size_t>(from.max_connections_per_address);
  options.max_body = static_cast<std::uint64_t>(from.max_body);
  options.streams = static_cast<std::size_t>(from.max_streams);
  options.header_time = whole_seconds(from.header_timeout);
  options.body_time = whole_seconds(from.body_timeout);
  options.write_time = whole_seconds(from.write_timeout);
  options.keep_alive_time = whole_seconds(from.idle_timeout);
  return options;
}

http::AuthOptions auth_options(const config::Settings& settings) {
  http::AuthOptions options;
  options.address = settings.http.listen_host;
  options.token = settings.auth.token;
  options.user = settings.auth.user;
  options.password_hash = settings.auth.password_hash;
  options.reads = settings.auth.protect_reads;
  options.behind_tls = settings.auth.behind_tls;
  options.own_name = own_host(settings.http);
  options.hosts = settings.http.allowed_hosts;
  options.session_time = whole_seconds(settings.auth.session_time);
  return options;
}

std::string object_base(const config::Settings& settings) {
  const config::BlobSettings& blob = settings.blob;
  if (blob.bucket.empty()) return {};
  std::string prefix = blob.prefix;
  if (!prefix.empty() && !prefix.ends_with('/')) prefix += '/';
  if (blob.endpoint.empty()) {
    return fmt::format("https://{}.s3.{}.amazonaws.com/{}", blob.bucket, blob.region, prefix);
  }
  return fmt::format("{}/{}/{}", blob.endpoint, blob.bucket, prefix);
}

std::string own_address(const config::Settings& settings, std::uint16_t port) {
  const auto host = own_host(settings.http);
  if (!settings.http.advertise_host.empty()) port = settings.http.advertise_port;
  return host.contains(':') ? fmt::format("http://[{}]:{}", host, port)
                            : fmt::format("http://{}:{}", host, port);
}

work::Roles roles(const config::Settings& settings) {
  work::Roles chosen;
  for (const auto& word : settings.roles) {
    // The words were checked when the settings were read.
    if (const auto role = work::role_named(word)) chosen.add(*role);
  }
  return chosen;
}

work::LeaseOptions lease_options(const config::Settings& settings) {
  work::LeaseOptions options;
  options.ttl = settings.lease.ttl;
  return options;
}

Result<> make_data_folder(const config::Settings& settings) {
  namespace fs = std::filesystem;
  std::error_code failed;
  if (fs::is_directory(settings.data.dir, failed)) return {};
  if (fs::create_directories(settings.data.dir, failed); failed) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the data folder {} cannot be made ({}); name another with --data DIR",
                            settings.data.dir.string(), failed.message()));
  }
  fs::permissions(settings.data.dir, fs::perms::owner_all, failed);
  return {};
}

std::optional<std::filesystem::path> sqlite_file(std::string_view url) {
  constexpr std::string_view kScheme = "sqlite:";
  if (!url.starts_with(kScheme) || url.starts_with("sqlite::")) return std::nullopt;
  return std::filesystem::path(url.substr(kScheme.size()));
}

}  // namespace vedette::app
