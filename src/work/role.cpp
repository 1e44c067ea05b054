#include "work/role.hpp"

#include <fmt/format.h>

#include <array>
#include <cstddef>

#include "base/role_names.hpp"
#include "base/text.hpp"

namespace vedette::work {
static_assert(kRoleNames.size() == kAllRoles.size());

std::string_view name(Role role) {
  return kRoleNames[static_cast<std::size_t>(role)];
}

std::optional<Role> role_named(std::string_view text) {
  for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
    if (kRoleNames[i] == text) return static_cast<Role>(i);
  }
  return std::nullopt;
}

Roles Roles::all() {
  Roles roles;
  roles.bits_.set();
  return roles;
}

Result<Roles> Roles::parse(std::string_view text) {
  Roles roles;
  for (const std::string_view word : split(text, ',')) {
    if (word == "all") {
      roles.bits_.set();
      continue;
    }
    const std::optional<Role> role = role_named(word);
    if (!role) {
      return fail(ErrorCode::kUsage,
                  fmt::format("\"{}\" is no role. Use api, watch, collect, work, keep or all, with "
                              "commas between them.",
                              word));
    }
    roles.add(*role);
  }
  if (roles.bits_.none()) {
    return fail(ErrorCode::kUsage, "No role is named. Use api, watch, collect, work, keep or all.");
  }
  return roles;
}

Roles& Roles::add(Role role) {
  bits_.set(static_cast<std::size_t>(role));
  return *this;
}

bool Roles::has(Role role) const {
  return bits_.test(static_cast<std::size_t>(role));
}

std::string Roles::text() const {
  std::string text;
  for (std::size_t i = 0; i < kRoleNames.size(); ++i) {
    if (!bits_.test(i)) continue;
    if (!text.empty()) text += ", ";
    text += kRoleNames[i];
  }
  return text;
}

}  // namespace vedette::work
