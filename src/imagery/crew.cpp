#include "imagery/crew.hpp"

#include <algorithm>
#include <condition_variable>
#include <exception>
#include <mutex>
#include <optional>
#include <thread>
#include <utility>

namespace vedette::imagery {
namespace {

constexpr int kMostThreads = 16;

class Crew {
 public:
  Crew(BlockReader& reader, std::vector<BlockTask> tasks)
      : reader_(reader), tasks_(std::move(tasks)) {}

  Result<> run(const std::function<void(double)>& progress, const std::stop_token& stop) {
    std::vector<std::jthread> threads;
    running_ = static_cast<int>(tasks_.size());
    for (const BlockTask& task : tasks_) {
      threads.emplace_back([this, &task] { work(task); });
    }
    const std::stop_callback on_stop(stop, [this] {
      end(Error{ErrorCode::kCancelled, "the analysis was cancelled", false, {}});
    });
    const auto all = static_cast<double>(std::max<std::int64_t>(1, reader_.blocks()));
    std::int64_t shown = -1;
    std::unique_lock lock(state_mutex_);
    while (running_ > 0) {
      changed_.wait(lock, [&] { return running_ == 0 || done_ != shown; });
      shown = done_;
      if (!progress) continue;
      lock.unlock();
      progress(static_cast<double>(shown) / all);
      lock.lock();
    }
    lock.unlock();
    threads.clear();
    if (problem_) return fail(*problem_);
    return {};
  }

 private:
  void work(const BlockTask& task) {
    try {
      BlockReader::Hand hand;
      Block block;
      while (!is_ended()) {
        auto has_more = reader_.next(hand, block);
        if (!has_more) {
          end(std::move(has_more.error()));
          break;
        }
        if (!*has_more) break;
        if (auto added = task(block); !added) {
          end(std::move(added.error()));
          break;
        }
        const std::lock_guard lock(state_mutex_);
        ++done_;
        changed_.notify_one();
      }
    } catch (const std::exception& error) {
      end(Error{ErrorCode::kInternal, "the analysis ended by a defect of its own", false,
                error.what()});
    }
    const std::lock_guard lock(state_mutex_);
    --running_;
    changed_.notify_one();
  }

  void end(Error problem) {
    const std::lock_guard lock(state_mutex_);
    if (!problem_) problem_ = std::move(problem);
  }
  bool is_ended() {
    const std::lock_guard lock(state_mutex_);
    return problem_.has_value();
  }

  BlockReader& reader_;
  std::vector<BlockTask> tasks_;
  std::mutex state_mutex_;  // guards what follows
  std::condition_variable changed_;
  std::int64_t done_ = 0;
  int running_ = 0;
  std::optional<Error> problem_;
};

}  // namespace

int thread_count(int asked, std::int64_t blocks) {
  int threads = asked > 0 ? asked : static_cast<int>(std::thread::hardware_concurrency());
  threads = std::clamp(threads, 1, kMostThreads);
  return static_cast<int>(std::min<std::int64_t>(threads, std::max<std::int64_t>(1, blocks)));
}

Result<> run_crew(BlockReader& reader, std::vector<BlockTask> tasks,
                  const std::function<void(double)>& progress, const std::stop_token& stop) {
  return Crew(reader, std::move(tasks)).run(progress, stop);
}

}  // namespace vedette::imagery
