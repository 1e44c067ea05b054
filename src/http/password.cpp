#include "http/password.hpp"

#include <fmt/format.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>

#include <array>
#include <charconv>
#include <optional>
#include <stdexcept>
#include <vector>

#include "base/digest.hpp"
#include "http/auth.hpp"

namespace vedette::http {
namespace {

constexpr std::string_view kScheme = "pbkdf2-sha256";
constexpr int kIterations = 600'000;  // OWASP's figure for PBKDF2-HMAC-SHA256, 2023
constexpr int kMaxIterations = 10'000'000;
constexpr std::size_t kSaltBytes = 16;
constexpr std::size_t kHashBytes = 32;

using Bytes = std::vector<unsigned char>;

std::string to_hex(const Bytes& bytes) {
  std::string text;
  for (const auto byte : bytes) fmt::format_to(std::back_inserter(text), "{:02x}", byte);
  return text;
}

std::optional<Bytes> from_hex(std::string_view text) {
  if (text.size() % 2 != 0) return std::nullopt;
  Bytes bytes;
  for (std::size_t i = 0; i < text.size(); i += 2) {
    unsigned char byte = 0;
    const auto [end, code] = std::from_chars(text.data() + i, text.data() + i + 2, byte, 16);
    if (code != std::errc() || end != text.data() + i + 2) return std::nullopt;
    bytes.push_back(byte);
  }
  return bytes;
}

Bytes derive(std::string_view password, const Bytes& salt, int iterations) {
  Bytes hash(kHashBytes);
  if (PKCS5_PBKDF2_HMAC(password.data(), static_cast<int>(password.size()), salt.data(),
                        static_cast<int>(salt.size()), iterations, EVP_sha256(),
                        static_cast<int>(hash.size()), hash.data()) != 1) {
    throw std::runtime_error("OpenSSL could not derive a password hash");
  }
  return hash;
}

struct StoredPassword {
  int iterations = 0;
  Bytes salt;
  Bytes hash;
};

std::optional<StoredPassword> parse_stored(std::string_view text) {
  std::array<std::string_view, 4> pieces;
  for (std::size_t i = 0; i < pieces.size(); ++i) {
    const auto end = text.find('$');
    if ((end == std::string_view::npos) != (i + 1 == pieces.size())) return std::nullopt;
    pieces[i] = text.substr(0, end);
    if (end != std::string_view::npos) text.remove_prefix(end + 1);
  }
  StoredPassword stored;
  const auto [end, code] =
      std::from_chars(pieces[1].data(), pieces[1].data() + pieces[1].size(), stored.iterations);
  auto salt = from_hex(pieces[2]);
  auto hash = from_hex(pieces[3]);
  if (pieces[0] != kScheme || code != std::errc() || end != pieces[1].data() + pieces[1].size() ||
      stored.iterations < 1 || stored.iterations > kMaxIterations || !salt || salt->empty() ||
      !hash || hash->size() != kHashBytes) {
    return std::nullopt;
  }
  stored.salt = std::move(*salt);
  stored.hash = std::move(*hash);
  return stored;
}

}  // namespace

std::string hash_password(std::string_view password) {
  Bytes salt(kSaltBytes);
  if (RAND_bytes(salt.data(), static_cast<int>(salt.size())) != 1) {
    throw std::runtime_error("the system's random generator gave nothing");
  }
  return fmt::format("{}${}${}${}", kScheme, kIterations, to_hex(salt),
                     to_hex(derive(password, salt, kIterations)));
}

bool verify_password(std::string_view password, std::string_view hash) {
  const auto stored = parse_stored(hash);
  if (!stored) return false;
  const auto derived = derive(password, stored->salt, stored->iterations);
  return CRYPTO_memcmp(derived.data(), stored->hash.data(), derived.size()) == 0;
}

bool is_password_hash(std::string_view text) {
  return parse_stored(text).has_value();
}

bool equals_in_constant_time(std::string_view a, std::string_view b) {
  // Over digests, so that not even the length shows.
  const Sha256 digest_a = sha256(a);
  const Sha256 digest_b = sha256(b);
  return CRYPTO_memcmp(digest_a.data(), digest_b.data(), digest_a.size()) == 0;
}

}  // namespace vedette::http
