#include "work/cpu_pool.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <exception>
#include <tuple>
#include <utility>

#include "base/process.hpp"

namespace vedette::work {
namespace {

Result<void> call(CpuPool::Work& work, const std::stop_token& stop) {
  try {
    return work(stop);
  } catch (const std::exception& thrown) {
    return fail(ErrorCode::kInternal, "A calculation failed unexpectedly; the log says more.",
                thrown.what());
  } catch (...) {
    return fail(ErrorCode::kInternal, "A calculation failed unexpectedly; the log says more.",
                "something that is not a std::exception was thrown");
  }
}

std::unexpected<Error> cancelled() {
  return fail(ErrorCode::kCancelled, "Stopped before it began.");
}

}  // namespace

CpuPool::CpuPool(CpuPoolOptions options) : options_(options) {
  const int cores = static_cast<int>(std::max(1U, std::thread::hardware_concurrency()));
  const int count = options_.threads > 0 ? options_.threads : cores;
  threads_.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) {
    threads_.emplace_back([this](const std::stop_token& end) { serve_until(end); });
  }
}

CpuPool::~CpuPool() {
  Groups left;
  {
    const Lock lock(groups_mutex_);
    is_over_ = true;
    for (auto& [name, group] : groups_) left[name].waiting.swap(group.waiting);
  }
  for (std::jthread& thread : threads_) thread.request_stop();
  for (auto& [name, group] : left) {
    for (Job& job : group.waiting) job.answer.set_value(cancelled());
  }
}

std::future<Result<void>> CpuPool::submit(std::string_view group, std::stop_token stop, Work work) {
  Job job{std::move(work), std::move(stop), {}};
  std::future<Result<void>> answer = job.answer.get_future();
  {
    const Lock lock(groups_mutex_);
    if (is_over_) {
      job.answer.set_value(cancelled());
      return answer;
    }
    const auto [place, is_new] = groups_.try_emplace(std::string(group));
    Group& own = place->second;
    // It stands behind those that wait already, not before them each time it comes again.
    if (is_new) own.served = turns_;
    if (own.waiting.size() >= options_.waiting_a_group) {
      job.answer.set_value(fail(ErrorCode::kTooMany,
                                fmt::format("The processor is busy: {} calculations for {} wait "
                                            "already. Try again in a moment.",
                                            own.waiting.size(), group)));
      return answer;
    }
    own.waiting.push_back(std::move(job));
  }
  has_work_.notify_one();
  return answer;
}

Result<void> CpuPool::run(std::string_view group, std::stop_token stop, Work work) {
  return submit(group, std::move(stop), std::move(work)).get();
}

CpuPool::Groups::iterator CpuPool::next_group() {
  auto best = groups_.end();
  for (auto one = groups_.begin(); one != groups_.end(); ++one) {
    if (one->second.waiting.empty()) continue;
    const auto rank = [](const Group& group) { return std::tuple(group.running, group.served); };
    if (best == groups_.end() || rank(one->second) < rank(best->second)) best = one;
  }
  return best;
}

void CpuPool::serve_until(const std::stop_token& end) {
  set_thread_name("cpu");
  for (;;) {
    Lock lock(groups_mutex_);
    has_work_.wait(lock, end, [this]() VEDETTE_REQUIRES(groups_mutex_) {
      return next_group() != groups_.end();
    });
    const auto chosen = next_group();
    if (end.stop_requested() || chosen == groups_.end()) return;
    Group& group = chosen->second;
    Job job = std::move(group.waiting.front());
    group.waiting.pop_front();
    group.served = ++turns_;
    ++group.running;
    lock.unlock();

    Result<void> outcome = cancelled();
    if (!job.stop.stop_requested()) {
      // Either of two may want it to end: who asked for it, and the pool.
      std::stop_source both;
      const std::stop_callback by_asker(job.stop, [&both] { both.request_stop(); });
      const std::stop_callback by_pool(end, [&both] { both.request_stop(); });
      outcome = call(job.work, both.get_token());
    }
    job.work = nullptr;  // what it holds on to goes before anybody is told

    lock.lock();
    --group.running;
    if (group.running == 0 && group.waiting.empty()) groups_.erase(chosen);
    lock.unlock();
    job.answer.set_value(std::move(outcome));
  }
}

}  // namespace vedette::work
