// Where the parts of an address lie, by position. Shared by the reading and the masking of
// addresses; only inside src/base.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace vedette {

struct AuthorityParts {
  /// A host was found, and one only can be meant.
  bool is_clear = false;
  /// There are several readings.
  bool is_ambiguous = false;
  /// Positions in the text after "://". Without userinfo `at` is empty. When nothing is clear, `at`
  /// is the last @ that may end a password, so that all before it can be hidden.
  std::optional<std::size_t> at;
  std::size_t host_begin = 0;
  std::size_t host_end = 0;  // of host and port
};

/// `after` is what stands after "scheme://".
AuthorityParts find_authority(std::string_view scheme, std::string_view after);

/// Cuts "host:port"; the port is empty where there is none.
std::string_view host_of(std::string_view host_and_port);

/// The letters before "://" at `colon`, as many as a scheme may have.
std::size_t scheme_begin(std::string_view text, std::size_t colon);

}  // namespace vedette
