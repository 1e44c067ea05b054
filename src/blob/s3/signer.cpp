#include "blob/s3/signer.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cctype>

#include "base/digest.hpp"
#include "base/text.hpp"

namespace vedette::blob::s3 {
namespace {

constexpr std::string_view kAlgorithm = "AWS4-HMAC-SHA256";

std::string encode_all_but(std::string_view text, std::string_view kept) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string encoded;
  encoded.reserve(text.size());
  for (const char c : text) {
    const bool is_plain = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
                          (c >= '0' && c <= '9') || kept.contains(c);
    if (is_plain) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    encoded += '%';
    encoded += kDigits[byte >> 4U];
    encoded += kDigits[byte & 0xfU];
  }
  return encoded;
}

// Without blanks at the ends, and one where several are.
std::string squeezed(std::string_view value) {
  std::string text;
  for (const char c : trim(value)) {
    if (c == ' ' && text.ends_with(' ')) continue;
    text += c;
  }
  return text;
}

Pairs canonical_headers(const Pairs& headers) {
  Pairs sorted;
  for (const auto& [name, value] : headers) sorted.emplace_back(to_lower(name), squeezed(value));
  std::ranges::sort(sorted);
  return sorted;
}

std::string signed_names(const Pairs& sorted) {
  std::string names;
  for (const auto& [name, value] : sorted) {
    if (!names.empty()) names += ';';
    names += name;
  }
  return names;
}

std::string scope_of(std::string_view date, std::string_view region) {
  return fmt::format("{}/{}/s3/aws4_request", date.substr(0, 8), region);
}

std::string signature(const Credentials& credentials, std::string_view region,
                      std::string_view date, const Signable& request) {
  const auto text = fmt::format("{}\n{}\n{}\n{}", kAlgorithm, date, scope_of(date, region),
                                sha256_hex(canonical_request(request)));
  auto key = hmac_sha256("AWS4" + credentials.secret_key, date.substr(0, 8));
  for (const std::string_view step :
       {region, std::string_view("s3"), std::string_view("aws4_request")}) {
    key = hmac_sha256(as_bytes(key), step);
  }
  return to_hex(hmac_sha256(as_bytes(key), text));
}

}  // namespace

std::string encode(std::string_view text) {
  return encode_all_but(text, "-._~");
}

std::string encode_path(std::string_view text) {
  return encode_all_but(text, "-._~/");
}

std::string canonical_query(const Pairs& query) {
  Pairs encoded;
  for (const auto& [name, value] : query) encoded.emplace_back(encode(name), encode(value));
  std::ranges::sort(encoded);
  std::string text;
  for (const auto& [name, value] : encoded) {
    text += fmt::format("{}{}={}", text.empty() ? "" : "&", name, value);
  }
  return text;
}

std::string canonical_request(const Signable& request) {
  const auto headers = canonical_headers(request.headers);
  auto text =
      fmt::format("{}\n{}\n{}\n", request.method, request.path, canonical_query(request.query));
  for (const auto& [name, value] : headers) text += fmt::format("{}:{}\n", name, value);
  return text + fmt::format("\n{}\n{}", signed_names(headers), request.payload_hash);
}

std::string amz_date(Instant when) {
  std::string date;
  for (const char c : to_rfc3339(floor_to(when, std::chrono::seconds(1)))) {
    if (c != '-' && c != ':') date += c;
  }
  return date;
}

std::string authorization(const Credentials& credentials, std::string_view region, Instant when,
                          const Signable& request) {
  const auto date = amz_date(when);
  return fmt::format("{} Credential={}/{},SignedHeaders={},Signature={}", kAlgorithm,
                     credentials.access_key, scope_of(date, region),
                     signed_names(canonical_headers(request.headers)),
                     signature(credentials, region, date, request));
}

std::string presigned_query(const Credentials& credentials, std::string_view region, Instant when,
                            std::chrono::seconds valid_for, Signable request) {
  const auto date = amz_date(when);
  request.payload_hash = kUnsignedPayload;
  request.query.insert(
      request.query.end(),
      {{"X-Amz-Algorithm", std::string(kAlgorithm)},
       {"X-Amz-Credential", fmt::format("{}/{}", credentials.access_key, scope_of(date, region))},
       {"X-Amz-Date", date},
       {"X-Amz-Expires", std::to_string(valid_for.count())},
       {"X-Amz-SignedHeaders", signed_names(canonical_headers(request.headers))}});
  if (!credentials.session_token.empty()) {
    request.query.emplace_back("X-Amz-Security-Token", credentials.session_token);
  }
  return fmt::format("{}&X-Amz-Signature={}", canonical_query(request.query),
                     signature(credentials, region, date, request));
}

}  // namespace vedette::blob::s3
