#include "db/testing/postgres_server.hpp"

#include <fmt/format.h>
#include <libpq-fe.h>
#include <pwd.h>
#include <signal.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <thread>

namespace vedette::db::testing {
namespace {

namespace fs = std::filesystem;

using Owner = DaemonOptions::Owner;

// postgres refuses to run as root.
std::optional<Owner> unprivileged_owner() {
  if (geteuid() != 0) return std::nullopt;
  for (const char* name : {"postgres", "nobody"}) {
    if (const passwd* entry = getpwnam(name)) return Owner{entry->pw_uid, entry->pw_gid};
  }
  throw std::runtime_error("there is no user postgres or nobody to run PostgreSQL as");
}

std::optional<fs::path> find_programs() {
  if (const char* set = std::getenv("PG_BIN")) return fs::path(set);
  for (const int version : {15, 18, 17, 16, 14}) {
    fs::path folder = fmt::format("/usr/lib/postgresql/{}/bin", version);
    if (fs::exists(folder / "initdb")) return folder;
  }
  return std::nullopt;
}

}  // namespace

PostgresServer* PostgresServer::shared() {
  static const std::unique_ptr<PostgresServer> server = [] {
    auto made = create();
    return made ? std::move(*made) : nullptr;
  }();
  return server.get();
}

Result<std::unique_ptr<PostgresServer>> PostgresServer::create() {
  const auto programs = find_programs();
  if (!programs) {
    return fail(ErrorCode::kNotFound,
                "PostgreSQL is not installed. Install the package postgresql-15, or set PG_BIN.");
  }
  std::string folder = (fs::temp_directory_path() / "vedette-pg-XXXXXX").string();
  if (mkdtemp(folder.data()) == nullptr) throw std::runtime_error("mkdtemp failed");
  std::unique_ptr<PostgresServer> server(new PostgresServer(*programs, folder));
  server->make_cluster();
  for (int attempt = 0; attempt < 5; ++attempt) {
    server->port_ = free_port();
    if (!server->try_start()) continue;
    // Twice as fast without durability; PostgreSQL 14 knows no other way and no word for it.
    if (std::stoi(server->execute("postgres", "SHOW server_version_num")) >= 150'000) {
      server->copy_strategy_ = " STRATEGY file_copy";
    }
    return server;
  }
  throw std::runtime_error("PostgreSQL does not start:\n" + text_of(server->folder_ / "log"));
}

PostgresServer::PostgresServer(fs::path programs, fs::path folder)
    : programs_(std::move(programs)), folder_(std::move(folder)) {}

PostgresServer::~PostgresServer() {
  kill();
  std::error_code ignored;
  fs::remove_all(folder_, ignored);
}

void PostgresServer::own(const fs::path& folder) {
  if (const auto owner = unprivileged_owner()) {
    if (chown(folder.c_str(), owner->user, owner->group) != 0) {
      throw std::runtime_error("chown failed");
    }
  }
}

void PostgresServer::make_cluster() {
  own(folder_);
  const fs::path log = fs::temp_directory_path() / (folder_.filename().string() + ".initdb");
  Daemon initdb({.words = {(programs_ / "initdb").string(), "--pgdata", folder_ / "data",
                           "--username", "vedette", "--auth", "trust", "--encoding", "UTF8",
                           "--locale", "C.UTF-8", "--no-sync", "--no-instructions"},
                 .log = log,
                 .owner = unprivileged_owner()});
  const int status = initdb.wait();
  const std::string said = text_of(log);
  fs::remove(log);
  if (status != 0) throw std::runtime_error("initdb failed:\n" + said);
}

std::vector<std::string> PostgresServer::command_line() const {
  std::vector<std::string> words{(programs_ / "postgres").string(), "-D", folder_ / "data"};
  for (const std::string& setting :
       {std::string("listen_addresses=127.0.0.1"), fmt::format("port={}", port_),
        std::string("unix_socket_directories="), std::string("fsync=off"),
        std::string("full_page_writes=off"), std::string("shared_buffers=64MB"),
        std::string("max_connections=100"), std::string("log_min_messages=warning")}) {
    words.insert(words.end(), {"-c", setting});
  }
  return words;
}

bool PostgresServer::try_start() {
  server_ = std::make_unique<Daemon>(DaemonOptions{.words = command_line(),
                                                   .log = folder_ / "log",
                                                   .owner = unprivileged_owner(),
                                                   .last_signal = SIGQUIT});
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < give_up) {
    if (PQping(url("postgres").c_str()) == PQPING_OK) return true;
    if (!server_->is_running()) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  end_with(SIGQUIT);
  return false;
}

void PostgresServer::end_with(int signal) {
  if (!server_) return;
  server_->end_with(signal);
  server_.reset();
}

void PostgresServer::stop() {
  end_with(SIGINT);
}

void PostgresServer::kill() {
  end_with(SIGQUIT);
}

void PostgresServer::start() {
  if (is_running()) return;
  if (!try_start()) {
    throw std::runtime_error("PostgreSQL does not start again:\n" + text_of(folder_ / "log"));
  }
}

std::string PostgresServer::url(std::string_view database) const {
  return fmt::format("postgresql://vedette@127.0.0.1:{}/{}", port_, database);
}

std::string PostgresServer::fresh_database() {
  const std::string name = fmt::format("test{}", ++databases_);
  execute("postgres", "CREATE DATABASE " + name + copy_strategy_);
  return url(name);
}

std::string PostgresServer::execute(std::string_view database, const std::string& sql) const {
  const std::unique_ptr<PGconn, decltype(&PQfinish)> connection(PQconnectdb(url(database).c_str()),
                                                                &PQfinish);
  const std::unique_ptr<PGresult, decltype(&PQclear)> result(PQexec(connection.get(), sql.c_str()),
                                                             &PQclear);
  const auto status = PQresultStatus(result.get());
  if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK) {
    throw std::runtime_error(fmt::format("{}: {}", sql, PQerrorMessage(connection.get())));
  }
  return PQntuples(result.get()) > 0 ? PQgetvalue(result.get(), 0, 0) : "";
}

}  // namespace vedette::db::testing
