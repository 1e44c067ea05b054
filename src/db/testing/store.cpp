#include "db/testing/store.hpp"

#include <fcntl.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <stdexcept>

namespace vedette::db::testing {

void EveryStore::SetUp() {
  if (is_sqlite()) {
    url_ = "sqlite:" + (folder_.path() / "test.db").string();
    return;
  }
  PostgresServer* server = PostgresServer::shared();
  if (server == nullptr) GTEST_SKIP() << "PostgreSQL is not installed: apt install postgresql-15";
  url_ = server->fresh_database();
}

DatabaseOptions EveryStore::options() const {
  return {.url = url_};
}

std::string store_name(const ::testing::TestParamInfo<Dialect>& info) {
  return info.param == Dialect::kSqlite ? "Sqlite" : "Postgres";
}

Peer::Peer(const std::vector<std::string>& arguments, bool as_nobody) {
  std::array<int, 2> to_child{};
  std::array<int, 2> from_child{};
  if (pipe2(to_child.data(), O_CLOEXEC) != 0 || pipe2(from_child.data(), O_CLOEXEC) != 0) {
    throw std::runtime_error("pipe failed");
  }
  std::vector<char*> words{const_cast<char*>(VEDETTE_DB_PEER)};
  for (const std::string& word : arguments) words.push_back(const_cast<char*>(word.c_str()));
  words.push_back(nullptr);
  process_ = fork();
  if (process_ < 0) throw std::runtime_error("fork failed");
  if (process_ == 0) {
    dup2(to_child[0], STDIN_FILENO);
    dup2(from_child[1], STDOUT_FILENO);
    constexpr uid_t kNobody = 65534;
    if (as_nobody && geteuid() == 0 && (setgid(kNobody) != 0 || setuid(kNobody) != 0)) _exit(126);
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    execv(words[0], words.data());
    _exit(127);
  }
  close(to_child[0]);
  close(from_child[1]);
  input_ = to_child[1];
  output_ = from_child[0];
}

Peer::~Peer() {
  if (process_ > 0) {
    ::kill(process_, SIGKILL);
    wait();
  }
  close(input_);
  close(output_);
}

std::string Peer::line() {
  std::string text;
  char c = 0;
  while (read(output_, &c, 1) == 1 && c != '\n') text += c;
  return text;
}

void Peer::proceed() {
  if (write(input_, "\n", 1) != 1) throw std::runtime_error("the peer is gone");
}

void Peer::signal(int number) const {
  ::kill(process_, number);
}

int Peer::wait() {
  int status = 0;
  waitpid(process_, &status, 0);
  process_ = -1;
  return WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status);
}

}  // namespace vedette::db::testing
