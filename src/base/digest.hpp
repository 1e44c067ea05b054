// SHA-256 and the keyed form of it: names for bytes (ETag, migration checksum, blob) and signatures
// of requests to an object store; MD5 where such a store asks for it. Over OpenSSL; any thread.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>

namespace vedette {

using Sha256 = std::array<std::uint8_t, 32>;

/// FIPS 180-4.
Sha256 sha256(std::string_view bytes);

/// RFC 2104. The key may be binary and of any length: the digest of one step is the key of the next
/// (as_bytes()).
Sha256 hmac_sha256(std::string_view key, std::string_view bytes);

/// A digest of bytes that come in pieces. One thread at a time.
class Digester {
 public:
  enum class Kind { kSha256, kMd5 };
  explicit Digester(Kind kind);
  ~Digester();
  Digester(Digester&&) noexcept;
  Digester& operator=(Digester&&) noexcept;

  void add(std::string_view bytes);
  /// Of all so far, as bytes: 32 or 16. Called once, last.
  std::string finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// Two small letters or digits a byte.
std::string to_hex(std::span<const std::uint8_t> bytes);
std::string to_hex(std::string_view bytes);
std::string sha256_hex(std::string_view bytes);

/// The digest as text that may hold any byte; points into the argument.
std::string_view as_bytes(const Sha256& digest);

}  // namespace vedette
