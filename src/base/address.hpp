// Addresses with credentials in them: camera sources and database URLs. The one place that knows
// where a secret may stand in an address, so that all that is shown or logged comes through
// mask_address(). Pure functions over foreign text; any thread.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"

namespace vedette {

struct Address {
  /// In small letters.
  std::string scheme;
  /// Decoded. A token alone before the @ is a user.
  std::optional<std::string> user;
  std::optional<std::string> secret;
  /// As written, an IPv6 address with its brackets; several with commas for PostgreSQL.
  std::string host;
  /// Empty when there is none.
  std::string port;
  /// As written: the path with its first slash, the others without the sign before them.
  std::string path;
  std::optional<std::string> query;
  std::optional<std::string> fragment;

  /// The address as every program reads it: what is special in the user's name and the secret, and
  /// what may not stand in a path, is written as %XX. Holds the secret.
  std::string text() const;
};

/// Reads "scheme://user:secret@host:port/path?query#fragment". What is special (@ : / ? # %,
/// blanks, letters beyond ASCII) may stand raw in user and secret as long as one host only can be
/// meant. kInvalid with a sentence that names the sign and how to write it, and never holds the
/// secret.
Result<Address> parse_address(std::string_view text);

/// `text` for people and logs, whatever it is (also no address at all): all of user and secret
/// before the @ become "***", and so do the values of names like password, token or key in path,
/// query and libpq's "name=value ..." form, in any case and encoding. Host, port and the rest stay.
std::string mask_address(std::string_view text);

/// What somebody made of a masked address: each "***" in `edited` becomes again what stands there
/// in `stored`. kInvalid when there is nothing to put there, or the host is another one: a stored
/// secret is not sent elsewhere.
Result<std::string> unmask_address(std::string_view edited, std::string_view stored);

/// Whether values of this name (of a query, decoded or not) are secrets.
bool is_secret_name(std::string_view name);

/// %XX replaced; a % that begins no escape stays.
std::string percent_decode_leniently(std::string_view text);

}  // namespace vedette
