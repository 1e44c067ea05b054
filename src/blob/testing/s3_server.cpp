#include "blob/testing/s3_server.hpp"

#include <fmt/format.h>
#include <signal.h>
#include <stdlib.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

#include "base/id.hpp"
#include "base/time.hpp"
#include "blob/s3/client.hpp"

namespace vedette::blob::testing {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kPatience(120);  // beside whatever else the machine does

fs::path unpacked() {
  const auto value = [](const char* name) {
    const char* text = std::getenv(name);
    return text == nullptr ? std::string() : std::string(text);
  };
  if (const auto set = value("VEDETTE_RADOSGW"); !set.empty()) return set;
  const auto deps = value("VEDETTE_DEPS");
  if (!deps.empty()) return fs::path(deps) / "radosgw-16";
  const auto cache = value("XDG_CACHE_HOME");
  return (cache.empty() ? fs::path(value("HOME")) / ".cache" : fs::path(cache)) /
         "vedette/deps/radosgw-16";
}

fs::path libraries(const fs::path& programs) {
  for (const auto& entry : fs::directory_iterator(programs / "usr/lib")) {
    if (fs::exists(entry.path() / "rados-classes")) return entry.path();
  }
  throw std::runtime_error(programs.string() + " holds no rados-classes");
}

fs::path new_folder() {
  std::string folder = (fs::temp_directory_path() / "vedette-s3-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  return folder;
}

const Clock& machine_clock() {
  static const SystemClock kClock;
  return kClock;
}

s3::Client client_of(S3Options options) {
  options.retries = 0;
  options.timeout = std::chrono::seconds(20);
  return s3::Client(options, s3::make_route(options).value(), machine_clock());
}

}  // namespace

S3Server* S3Server::shared() {
  static const std::unique_ptr<S3Server> server = [] {
    std::unique_ptr<S3Server> made;
    const auto programs = unpacked();
    if (!fs::exists(programs / "usr/bin/radosgw")) return made;
    made.reset(new S3Server(programs));
    made->make_cluster();
    made->start();
    return made;
  }();
  return server.get();
}

std::string S3Server::how_to_get() {
  return "Ceph's radosgw is not there. tools/setup.sh --test unpacks it.";
}

S3Server::S3Server(fs::path programs)
    : programs_(std::move(programs)), folder_(new_folder()), fsid_(new_uuid()) {}

S3Server::~S3Server() {
  gateway_.reset();
  store_.reset();
  monitor_.reset();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void S3Server::write_configuration() const {
  const auto library = libraries(programs_);
  std::ofstream(folder_ / "ceph.conf") << fmt::format(
      R"([global]
fsid = {fsid}
mon host = v1:127.0.0.1:{monitor}
ms mon bind msgr2 = false
public network = 127.0.0.0/8
auth cluster required = none
auth service required = none
auth client required = none
osd pool default size = 1
osd pool default min size = 1
osd crush chooseleaf type = 0
osd pool default pg num = 8
mon max pg per osd = 1000
mon warn on pool no redundancy = false
run dir = {folder}
admin socket =
log file =
log to file = false
err to stderr = true
plugin dir = {library}/ceph
erasure code dir = {library}/ceph/erasure-code
osd class dir = {library}/rados-classes
[mon]
mon data = {folder}/mon
mon allow pool size one = true
mon cluster log file =
[osd]
osd data = {folder}/osd
osd objectstore = memstore
memstore device bytes = 17179869184
osd class load list = *
osd class default list = *
[client.rgw]
rgw frontends = beast endpoint=127.0.0.1:{port}
rgw dns name = localhost
rgw thread pool size = 32
rgw enable usage log = false
rgw gc obj min wait = 1
rgw gc processor period = 2
rgw gc processor max time = 2
rgw data = {folder}/rgw
)",
      fmt::arg("fsid", fsid_), fmt::arg("monitor", monitor_port_), fmt::arg("port", port_),
      fmt::arg("folder", folder_.string()), fmt::arg("library", library.string()));
}

DaemonOptions S3Server::program(std::string_view name, std::vector<std::string> arguments) const {
  const auto library = libraries(programs_);
  DaemonOptions options;
  options.words = {(programs_ / "usr/bin" / name).string()};
  if (name == "ceph") options.words.insert(options.words.begin(), "/usr/bin/python3");
  options.words.insert(options.words.end(), std::make_move_iterator(arguments.begin()),
                       std::make_move_iterator(arguments.end()));
  options.words.insert(options.words.end(), {"-c", (folder_ / "ceph.conf").string()});
  options.log = folder_ / "log";
  options.environment = {
      fmt::format("LD_LIBRARY_PATH={0}:{0}/ceph:{1}/lib/x86_64-linux-gnu", library.string(),
                  programs_.string()),
      fmt::format("PYTHONPATH={}/usr/lib/python3/dist-packages", programs_.string())};
  return options;
}

void S3Server::run(const std::vector<std::string>& words) {
  Daemon daemon(program(words.front(), {words.begin() + 1, words.end()}));
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  while (daemon.is_running() && std::chrono::steady_clock::now() < give_up) {
    // It ends at its start when it hears of the monitor's identity too late ("wrong fsid").
    if (store_ && !store_->is_running()) start_store();
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  daemon.signal(SIGKILL);
  if (const int status = daemon.wait(); status != 0) {
    throw std::runtime_error(
        fmt::format("{} ended with {}:\n{}", words.front(), status, text_of(folder_ / "log")));
  }
}

void S3Server::start_store() {
  store_ = std::make_unique<Daemon>(program("ceph-osd", {"-f", "-i", "0"}));
}

void S3Server::make_cluster() {
  port_ = free_port();
  monitor_port_ = free_port();
  write_configuration();
  fs::create_directory(folder_ / "mon");
  fs::create_directory(folder_ / "osd");
  fs::create_directory(folder_ / "rgw");
  const auto map = (folder_ / "monmap").string();
  run({"monmaptool", "--create", "--fsid", fsid_, "--addv", "a",
       fmt::format("[v1:127.0.0.1:{}]", monitor_port_), map});
  run({"ceph-mon", "--mkfs", "-i", "a", "--monmap", map});
  monitor_ = std::make_unique<Daemon>(program("ceph-mon", {"-f", "-i", "a"}));
  const auto store = new_uuid();
  run({"ceph", "--connect-timeout", "30", "osd", "new", store});
  run({"ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store});
  start_store();
  run({"radosgw-admin", "-n", "client.rgw", "user", "create", "--uid", "vedette", "--display-name",
       "Vedette", "--max-buckets", "0", "--access-key", std::string(kAccessKey), "--secret-key",
       std::string(kSecretKey)});
}

void S3Server::start() {
  if (gateway_) return;
  gateway_ = std::make_unique<Daemon>(program("radosgw", {"-f", "-n", "client.rgw"}));
  const auto give_up = std::chrono::steady_clock::now() + kPatience;
  const net::HttpTarget target{"127.0.0.1", std::to_string(port_), "", false};
  while (std::chrono::steady_clock::now() < give_up && gateway_->is_running()) {
    if (net::http_get(target, "/", {.timeout = std::chrono::seconds(5)})) return;
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
  }
  throw std::runtime_error("radosgw does not start:\n" + text_of(folder_ / "log"));
}

void S3Server::stop() {
  // In order: one that is killed is waited for, half a minute, by the next that makes a bucket.
  if (gateway_) gateway_->end_with(SIGTERM);
  gateway_.reset();
}

std::string S3Server::endpoint(bool by_name) const {
  return fmt::format("http://{}:{}", by_name ? "localhost" : "127.0.0.1", port_);
}

S3Options S3Server::fresh_bucket() {
  S3Options options;
  options.endpoint = endpoint();
  options.bucket = fmt::format("bucket-{}", ++buckets_);
  options.access_key = kAccessKey;
  options.secret_key = kSecretKey;
  options.part_size = std::uint64_t{5} << 20;
  const auto made = client_of(options).ask({.method = "PUT"});
  if (!made) throw std::runtime_error("no bucket is made: " + made.error().message);
  return options;
}

void S3Server::remove_bucket(std::string_view bucket) {
  run({"radosgw-admin", "-n", "client.rgw", "bucket", "rm", "--purge-objects", "--bucket",
       std::string(bucket)});
}

}  // namespace vedette::blob::testing
