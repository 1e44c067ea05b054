// Preloaded into a lease_child, it moves that process's wall clock when told to: SIGUSR1 by one
// hour ahead, SIGUSR2 by one hour back. The other clocks stay as they are.
#include <dlfcn.h>
#include <sys/time.h>

#include <atomic>
#include <csignal>
#include <ctime>

namespace {

std::atomic<long> shift_s{0};

void move_clock(int signal) {
  shift_s += signal == SIGUSR1 ? 3600 : -3600;
}

__attribute__((constructor)) void listen() {
  struct sigaction action{};
  action.sa_handler = move_clock;
  action.sa_flags = SA_RESTART;
  sigaction(SIGUSR1, &action, nullptr);
  sigaction(SIGUSR2, &action, nullptr);
}

}  // namespace

extern "C" int clock_gettime(clockid_t clock, timespec* time) {
  static const auto real =
      reinterpret_cast<int (*)(clockid_t, timespec*)>(dlsym(RTLD_NEXT, "clock_gettime"));
  const int outcome = real(clock, time);
  if (outcome == 0 && clock == CLOCK_REALTIME) time->tv_sec += shift_s;
  return outcome;
}

extern "C" int gettimeofday(timeval* time, void*) {
  timespec precise{};
  const int outcome = clock_gettime(CLOCK_REALTIME, &precise);
  time->tv_sec = precise.tv_sec;
  time->tv_usec = precise.tv_nsec / 1000;
  return outcome;
}

extern "C" time_t time(time_t* out) {
  timespec precise{};
  clock_gettime(CLOCK_REALTIME, &precise);
  if (out) *out = precise.tv_sec;
  return precise.tv_sec;
}
