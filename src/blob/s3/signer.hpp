// Signature version 4 of requests to S3, in fields and in addresses (presigned). The text that is
// signed is the text that is sent: the path and the query written here are to go out unchanged.
// Used by the S3 store. Pure; any thread.
//
// Source: "Signature Calculations for the Authorization Header" and "Authenticating Requests: Using
// Query Parameters" of the Amazon S3 API reference.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::blob::s3 {

using Pairs = std::vector<std::pair<std::string, std::string>>;

/// The payload's hash where the connection protects it (TLS), and in every presigned address.
inline constexpr std::string_view kUnsignedPayload = "UNSIGNED-PAYLOAD";
/// SHA-256 of no bytes.
inline constexpr std::string_view kEmptyPayload =
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

struct Credentials {
  std::string access_key;
  std::string secret_key;
  std::string session_token = {};

  /// Nothing is signed.
  bool is_anonymous() const { return access_key.empty(); }
};

/// A request as it is signed.
struct Signable {
  std::string method = "GET";
  std::string path = "/";  // encoded: encode_path()
  Pairs query = {};        // not encoded
  Pairs headers = {};      // those that are signed; `host` among them
  std::string payload_hash = std::string(kEmptyPayload);
};

/// All but A-Z a-z 0-9 - . _ ~ as %XX.
std::string encode(std::string_view text);
/// The same, slashes staying.
std::string encode_path(std::string_view text);
/// Sorted by encoded name; a name without a value is "name=".
std::string canonical_query(const Pairs& query);
/// The first text of the calculation, for its digest.
std::string canonical_request(const Signable& request);
/// "20130524T000000Z"
std::string amz_date(Instant when);

/// The value of Authorization. `request` has x-amz-date (amz_date(when)) among its headers.
std::string authorization(const Credentials& credentials, std::string_view region, Instant when,
                          const Signable& request);

/// The query of a presigned address, signature included. `request` needs method, path, query, and
/// the headers that its user will send: `host`.
std::string presigned_query(const Credentials& credentials, std::string_view region, Instant when,
                            std::chrono::seconds valid_for, Signable request);

}  // namespace vedette::blob::s3
