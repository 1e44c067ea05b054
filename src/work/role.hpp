// What a process is willing to do: `vedette serve --roles api,watch`. A loop belongs to one role
// and is started only by processes that have it. Plain values, any thread.
#pragma once

#include <array>
#include <bitset>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vedette::work {

enum class Role {
  kApi,      // HTTP and UI
  kWatch,    // cameras
  kCollect,  // radar
  kWork,     // jobs
  kKeep,     // roll-ups, retention, sweeps
};

inline constexpr std::array<Role, 5> kAllRoles{Role::kApi, Role::kWatch, Role::kCollect,
                                               Role::kWork, Role::kKeep};

/// "api", "watch", "collect", "work" or "keep".
std::string_view name(Role role);
std::optional<Role> role_named(std::string_view text);

/// A set of roles.
class Roles {
 public:
  /// No role at all.
  Roles() = default;

  static Roles all();

  /// Reads "all" or names with commas between them, for example "api,watch". kUsage names the word
  /// that is no role.
  static Result<Roles> parse(std::string_view text);

  Roles& add(Role role);
  bool has(Role role) const;

  /// The names with ", " between them, in a fixed order.
  std::string text() const;

  bool operator==(const Roles&) const = default;

 private:
  std::bitset<kAllRoles.size()> bits_;
};

}  // namespace vedette::work
