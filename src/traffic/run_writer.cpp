#include "traffic/run_writer.hpp"

#include <utility>

#include "base/process.hpp"

namespace vedette::traffic {
namespace {

using namespace std::chrono_literals;

}  // namespace

RunWriter::RunWriter(Recorder recorder, work::LoopContext& context, std::stop_source& give_up)
    : recorder_(std::move(recorder)), context_(context), give_up_(give_up) {
  writer_ = std::jthread([this](const std::stop_token& stop) {
    set_thread_name("recorder");
    while (sleep_for(stop, 1s)) (void)write_once();  // said by itself
  });
}

Result<void> RunWriter::finish(const std::stop_token& stop) {
  writer_.request_stop();
  writer_.join();
  for (;;) {
    Result<void> written = write_once();
    if (written || !written.error().retryable || stop.stop_requested()) return written;
    if (!sleep_for(stop, 1s)) return written;
  }
}

void RunWriter::take_pending() {
  const std::lock_guard lock(pending_mutex_);
  if (is_sending_ || !has_pending_) return;
  std::swap(sending_, pending_);
  pending_.clear();
  pending_.frames = sending_.frames;
  pending_.media_time = sending_.media_time;
  pending_.status_json = sending_.status_json;
  pending_.took = sending_.took;
  has_pending_ = false;
  is_sending_ = true;
}

Result<void> RunWriter::write_once() {
  take_pending();
  if (!is_sending_) return {};
  Result<void> written = recorder_.write(sending_);
  if (written) {
    context_.success(sending_.took);
    sending_.clear();
    is_sending_ = false;
  } else if (written.error().code == ErrorCode::kFenced) {
    give_up_.request_stop();
  } else {
    context_.failure(written.error());
  }
  return written;
}

}  // namespace vedette::traffic
