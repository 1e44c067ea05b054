#include "http/fan_out.hpp"

#include <algorithm>

namespace vedette::http {

FanOut::Group* FanOut::find(const StreamLoop* loop) {
  const auto it =
      std::ranges::find_if(groups_, [&](const auto& group) { return group->loop.get() == loop; });
  return it == groups_.end() ? nullptr : it->get();
}

void FanOut::join(Member& member) {
  const auto& loop = member.connection().loop();
  const std::lock_guard lock(groups_mutex_);
  auto* group = find(loop.get());
  if (!group) {
    group = groups_.emplace_back(std::make_unique<Group>()).get();
    group->loop = loop;
  }
  member.place_ = group->members.size();
  group->members.push_back(&member);
  count_.fetch_add(1, std::memory_order_relaxed);
}

void FanOut::leave(Member& member) {
  const std::lock_guard lock(groups_mutex_);
  auto* group = find(member.connection().loop().get());
  auto& members = group->members;
  members[member.place_] = members.back();
  members[member.place_]->place_ = member.place_;
  members.pop_back();
  count_.fetch_sub(1, std::memory_order_relaxed);
  if (members.empty()) {
    std::erase_if(groups_, [&](const auto& each) { return each.get() == group; });
  }
}

void FanOut::wake_all() {
  const std::lock_guard lock(groups_mutex_);
  for (const auto& group : groups_) {
    if (group->is_woken) continue;
    group->is_woken = true;
    group->loop->post([self = shared_from_this(), loop = group->loop.get()] {
      Group* woken = nullptr;
      {
        const std::lock_guard task_lock(self->groups_mutex_);
        woken = self->find(loop);
        if (!woken) return;
        woken->is_woken = false;
      }
      for (auto* member : woken->members) member->wake();
    });
  }
}

void FanOut::finish_all(const SharedBytes& last) {
  const std::lock_guard lock(groups_mutex_);
  for (const auto& group : groups_) {
    group->loop->post([self = shared_from_this(), loop = group->loop.get(), last] {
      Group* ending = nullptr;
      {
        const std::lock_guard task_lock(self->groups_mutex_);
        ending = self->find(loop);
      }
      if (!ending) return;
      for (auto* member : ending->members) {
        if (last) member->connection().send(last);
        member->connection().finish();
      }
    });
  }
}

}  // namespace vedette::http
