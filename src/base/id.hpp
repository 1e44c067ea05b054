// Random identifiers and secrets, from the operating system's generator. Thread-safe.
#pragma once

#include <cstddef>
#include <string>

namespace vedette {

/// A version 4 UUID, fresh at every call: "0b9e...-...".
std::string new_uuid();

/// `bytes` random bytes as lower-case hexadecimal text.
std::string random_hex(std::size_t bytes);

}  // namespace vedette
