#include "work/loop.hpp"

#include <array>
#include <cstddef>
#include <utility>

#include "work/loop_cell.hpp"

namespace vedette::work {
namespace {

constexpr std::array<std::string_view, 9> kStateNames{"starting", "running",  "waiting",
                                                      "standby",  "retrying", "unreachable",
                                                      "finished", "stopping", "stopped"};
constexpr std::array<std::string_view, 3> kHealthNames{"good", "wait", "bad"};

}  // namespace

std::string_view name(LoopState state) {
  return kStateNames[static_cast<std::size_t>(state)];
}

std::optional<LoopState> loop_state_named(std::string_view text) {
  for (std::size_t i = 0; i < kStateNames.size(); ++i) {
    if (kStateNames[i] == text) return static_cast<LoopState>(i);
  }
  return std::nullopt;
}

std::string_view name(Health health) {
  return kHealthNames[static_cast<std::size_t>(health)];
}

std::optional<Health> health_named(std::string_view text) {
  for (std::size_t i = 0; i < kHealthNames.size(); ++i) {
    if (kHealthNames[i] == text) return static_cast<Health>(i);
  }
  return std::nullopt;
}

LoopContext::LoopContext(std::stop_token stop, Fence fence)
    : LoopContext(std::make_shared<LoopCell>(LoopStatus{}, nullptr), std::move(stop),
                  std::move(fence)) {}

LoopContext::LoopContext(std::shared_ptr<LoopCell> cell, std::stop_token stop, Fence fence,
                         std::optional<Outage> outage)
    : cell_(std::move(cell)),
      stop_(std::move(stop)),
      fence_(std::move(fence)),
      outage_(std::move(outage)) {}

void LoopContext::report(Health health, std::string_view word, std::string_view cause,
                         std::string_view remedy) {
  cell_->report(health, word, cause, remedy);
}

void LoopContext::running() {
  cell_->running();
}

void LoopContext::success(Micros took) {
  cell_->success(took);
}

void LoopContext::failure(const Error& error) {
  cell_->note_failure(error);
}

bool LoopContext::wait(Micros duration) {
  return cell_->wait(stop_, duration);
}

}  // namespace vedette::work
