// Password hashes for `auth.password_hash`: scrypt with a random salt, as one line of text. Called
// by `vedette config hash-password` and by the login. Thread-safe; each call takes about 0.1 s of a
// core and 32 MiB, so a server runs verify_password() on its blocking pool, a few at a time.
#pragma once

#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vedette::config {

/// "scrypt$15$8$1$<salt>$<hash>" (log2 N, r, p, hexadecimal). At most 1,024 bytes of password.
Result<std::string> hash_password(std::string_view password);

/// Whether `text` is a hash this program can check, within its bounds of cost.
bool is_password_hash(std::string_view text);

/// Constant time in the comparison. False for a hash that is not one.
bool verify_password(std::string_view password, std::string_view hash);

}  // namespace vedette::config
