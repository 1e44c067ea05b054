#include "db/testing/postgres_server.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <grp.h>
#include <libpq-fe.h>
#include <netinet/in.h>
#include <pwd.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <sstream>
#include <stdexcept>

namespace vedette::db::testing {
namespace {

namespace fs = std::filesystem;

// postgres refuses to run as root.
struct Owner {
  uid_t user;
  gid_t group;
};

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

// Runs a program as the owner with its output in `log`. Between fork and exec only calls that are
// safe in a program with threads.
pid_t spawn(const std::vector<std::string>& words, const fs::path& log) {
  std::vector<char*> arguments;
  arguments.reserve(words.size() + 1);
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  const std::optional<Owner> owner = unprivileged_owner();
  const std::string log_name = log.string();
  const pid_t child = fork();
  if (child < 0) throw std::runtime_error("fork failed");
  if (child > 0) return child;
  const int out = open(log_name.c_str(), O_WRONLY | O_CREAT | O_APPEND, 0666);
  const int none = open("/dev/null", O_RDONLY);
  if (out < 0 || none < 0) _exit(125);
  dup2(none, STDIN_FILENO);
  dup2(out, STDOUT_FILENO);
  dup2(out, STDERR_FILENO);
  close_range(3, ~0U, 0);
  setpgid(0, 0);  // a test's Ctrl-C is not the server's
  if (owner &&
      (setgroups(0, nullptr) != 0 || setgid(owner->group) != 0 || setuid(owner->user) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, SIGQUIT);
  if (chdir("/") != 0) _exit(126);
  execv(arguments[0], arguments.data());
  _exit(127);
}

int free_port() {
  const int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (listener < 0) throw std::runtime_error("no socket");
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof address;
  auto* raw = reinterpret_cast<sockaddr*>(&address);
  if (bind(listener, raw, size) != 0 || getsockname(listener, raw, &size) != 0) {
    throw std::runtime_error("no free port");
  }
  close(listener);
  return ntohs(address.sin_port);
}

std::string text_of(const fs::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
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

void PostgresServer::make_cluster() {
  if (const auto owner = unprivileged_owner()) {
    if (chown(folder_.c_str(), owner->user, owner->group) != 0) {
      throw std::runtime_error("chown failed");
    }
  }
  const fs::path log = fs::temp_directory_path() / (folder_.filename().string() + ".initdb");
  const pid_t child = spawn({(programs_ / "initdb").string(), "--pgdata", folder_ / "data",
                             "--username", "vedette", "--auth", "trust", "--encoding", "UTF8",
                             "--locale", "C.UTF-8", "--no-sync", "--no-instructions"},
                            log);
  int status = 0;
  waitpid(child, &status, 0);
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
  std::promise<pid_t> forked;
  auto child = forked.get_future();
  const fs::path log = folder_ / "log";
  keeper_ = std::jthread([&forked, words = command_line(), log] {
    const pid_t server = spawn(words, log);
    forked.set_value(server);
    // Only waits for it to end; end_with() collects it, so that its number stays ours till then.
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(server), &ended, WEXITED | WNOWAIT);
  });
  process_ = child.get();
  const auto give_up = std::chrono::steady_clock::now() + std::chrono::seconds(60);
  while (std::chrono::steady_clock::now() < give_up) {
    if (PQping(url("postgres").c_str()) == PQPING_OK) return true;
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOWAIT | WNOHANG);
    if (ended.si_pid != 0) break;
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  end_with(SIGQUIT);
  return false;
}

void PostgresServer::end_with(int signal) {
  if (process_ <= 0) return;
  ::kill(process_, signal);
  keeper_.join();
  waitpid(process_, nullptr, 0);
  process_ = -1;
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
