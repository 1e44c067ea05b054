// Comparisons of secrets, beside hash_password() and verify_password() of auth.hpp. Internal to
// http. Pure.
#pragma once

#include <string_view>

namespace vedette::http {

bool is_password_hash(std::string_view text);
/// Takes the same time wherever the texts differ.
bool equals_in_constant_time(std::string_view a, std::string_view b);

}  // namespace vedette::http
