#include "base/testing/daemon.hpp"

#include <fcntl.h>
#include <grp.h>
#include <netinet/in.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cstring>
#include <fstream>
#include <future>
#include <sstream>
#include <stdexcept>

namespace vedette {
namespace {

std::vector<char*> pointers(const std::vector<std::string>& words) {
  std::vector<char*> all;
  all.reserve(words.size() + 1);
  for (const std::string& word : words) all.push_back(const_cast<char*>(word.c_str()));
  all.push_back(nullptr);
  return all;
}

std::vector<std::string> environment_with(const std::vector<std::string>& more) {
  std::vector<std::string> all = more;
  for (char** entry = environ; *entry != nullptr; ++entry) {
    const std::string_view text = *entry;
    const auto name = text.substr(0, text.find('=') + 1);
    bool is_new = true;
    for (const auto& own : more) is_new = is_new && !own.starts_with(name);
    if (is_new) all.emplace_back(text);
  }
  return all;
}

// Between fork and exec only calls that are safe in a program with threads.
pid_t spawn(const DaemonOptions& options) {
  const auto arguments = pointers(options.words);
  const auto variables = environment_with(options.environment);
  const auto environment = pointers(variables);
  const std::string log_name = options.log.string();
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
  if (const auto& owner = options.owner;
      owner &&
      (setgroups(0, nullptr) != 0 || setgid(owner->group) != 0 || setuid(owner->user) != 0)) {
    _exit(126);
  }
  prctl(PR_SET_PDEATHSIG, options.last_signal);
  if (chdir("/") != 0) _exit(126);
  execve(arguments[0], arguments.data(), environment.data());
  _exit(127);
}

}  // namespace

Daemon::Daemon(const DaemonOptions& options) {
  std::promise<pid_t> forked;
  auto child = forked.get_future();
  keeper_ = std::jthread([&forked, options] {
    pid_t process = -1;
    try {
      process = spawn(options);
    } catch (const std::exception&) {
      forked.set_exception(std::current_exception());
      return;
    }
    // A signal to the test program is for its own threads, not for this one, which may be of a test
    // that is long over.
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, nullptr);
    forked.set_value(process);
    // Only waits for it to end; wait() collects it, so that its number stays ours till then.
    siginfo_t ended{};
    waitid(P_PID, static_cast<id_t>(process), &ended, WEXITED | WNOWAIT);
  });
  process_ = child.get();
}

Daemon::~Daemon() {
  end_with(SIGKILL);
}

bool Daemon::is_running() const {
  if (process_ <= 0) return false;
  siginfo_t ended{};
  waitid(P_PID, static_cast<id_t>(process_), &ended, WEXITED | WNOWAIT | WNOHANG);
  return ended.si_pid == 0;
}

void Daemon::signal(int number) const {
  if (process_ > 0) ::kill(process_, number);
}

int Daemon::end_with(int number) {
  signal(number);
  return wait();
}

int Daemon::wait() {
  if (process_ > 0) {
    keeper_.join();
    waitpid(process_, &status_, 0);
    process_ = -1;
  }
  return WIFSIGNALED(status_) ? -WTERMSIG(status_) : WEXITSTATUS(status_);
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

std::string text_of(const std::filesystem::path& file) {
  std::ostringstream text;
  text << std::ifstream(file).rdbuf();
  return text.str();
}

}  // namespace vedette
