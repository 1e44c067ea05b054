// The words for what a process may do, in the order of work::Role: for the settings, which only
// check them, and for src/work, which gives them their meaning. Constant; any thread.
#pragma once

#include <array>
#include <string_view>

namespace vedette {

inline constexpr std::array<std::string_view, 5> kRoleNames{"api", "watch", "collect", "work",
                                                            "keep"};

}  // namespace vedette
