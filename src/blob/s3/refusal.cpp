#include "blob/s3/refusal.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <string_view>

#include "base/address.hpp"

namespace vedette::blob::s3 {
namespace {

using std::string_view_literals::operator""sv;

constexpr std::array kPassing{"SlowDown"sv,       "InternalError"sv,    "ServiceUnavailable"sv,
                              "RequestTimeout"sv, "OperationAborted"sv, "Throttling"sv,
                              "TooManyRequests"sv};
constexpr std::array kFull{"QuotaExceeded"sv, "XMinioStorageFull"sv, "InsufficientStorage"sv};

template <std::size_t Count>
bool is_one_of(const std::array<std::string_view, Count>& codes, std::string_view code) {
  return std::ranges::find(codes, code) != codes.end();
}

// "HTTP 403 AccessDenied: Access Denied"
std::string said(const Refused& refused) {
  auto text = fmt::format("HTTP {}", refused.status);
  if (!refused.answer.code.empty()) text += ' ' + refused.answer.code;
  if (!refused.answer.message.empty()) text += ": " + refused.answer.message;
  return text;
}

Error unavailable(const Refused& refused, std::string message, bool may_pass) {
  return {ErrorCode::kUnavailable, std::move(message), may_pass, refused.answer.code};
}

Error forbidden(const Refused& refused) {
  const auto& code = refused.answer.code;
  std::string remedy;
  if (code == "RequestTimeTooSkewed" || code == "RequestExpired") {
    remedy = "set this machine's clock";
  } else if (refused.is_anonymous) {
    remedy = "no key is set: give blob.access_key and blob.secret_key";
  } else if (code == "InvalidAccessKeyId") {
    remedy = "blob.access_key is not known there";
  } else if (code == "SignatureDoesNotMatch") {
    remedy = "blob.secret_key is not the one of blob.access_key, or a proxy changes requests";
  } else if (code == "ExpiredToken" || code == "InvalidToken") {
    remedy = "blob.session_token has run out: get new credentials";
  } else {
    remedy = "check what blob.access_key may do there";
  }
  return unavailable(
      refused, fmt::format("{} refuses access ({}): {}", refused.place, said(refused), remedy),
      false);
}

Error elsewhere(const Refused& refused) {
  const auto& region = refused.region.empty() ? refused.answer.region : refused.region;
  auto where =
      refused.answer.endpoint.empty() ? mask_address(refused.location) : refused.answer.endpoint;
  if (where.empty()) where = "another place that it does not name";
  return unavailable(
      refused,
      fmt::format("{} sends to {}, which is not followed ({}): set blob.endpoint and blob.region{}",
                  refused.place, where, said(refused),
                  region.empty() ? "" : fmt::format(" (it names the region {})", region)),
      false);
}

}  // namespace

Error refusal(const Refused& refused) {
  const auto& code = refused.answer.code;
  if (code == "NoSuchBucket" || (refused.status == 404 && refused.what.empty())) {
    return unavailable(refused,
                       fmt::format("{} does not exist ({}): make it, or name another with "
                                   "blob.bucket",
                                   refused.place, said(refused)),
                       false);
  }
  if (is_one_of(kFull, code) || refused.status == 507) {
    return {
        ErrorCode::kDiskFull,
        fmt::format("{} is full ({}): make room there, or keep less", refused.place, said(refused)),
        false, code};
  }
  if (is_one_of(kPassing, code)) {
    return unavailable(refused, fmt::format("{} is busy ({})", refused.place, said(refused)), true);
  }
  switch (refused.status) {
    case 301:
    case 302:
    case 307:
    case 308:
      return elsewhere(refused);
    case 401:
    case 403:
      return forbidden(refused);
    case 404:
      return {ErrorCode::kNotFound,
              fmt::format("there is no object {} in {}", refused.what, refused.place), false, code};
    case 409:
    case 412:
      return {ErrorCode::kConflict,
              fmt::format("{} in {} was changed meanwhile ({})", refused.what, refused.place,
                          said(refused)),
              false, code};
    case 413:
      return {ErrorCode::kTooLarge,
              fmt::format("{} takes no object of that size ({})", refused.place, said(refused)),
              false, code};
    case 416:
      return {ErrorCode::kInvalid,
              fmt::format("{} in {} ends before the bytes that were asked for", refused.what,
                          refused.place),
              false, code};
    case 408:
    case 429:
    case 500:
    case 502:
    case 503:
    case 504:
      return unavailable(
          refused, fmt::format("{} cannot answer now ({})", refused.place, said(refused)), true);
    default:
      return unavailable(
          refused, fmt::format("{} does not do what was asked ({})", refused.place, said(refused)),
          false);
  }
}

}  // namespace vedette::blob::s3
