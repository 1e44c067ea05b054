#include "base/error.hpp"

#include <array>

namespace vedette {
namespace {

struct CodeFacts {
  ErrorCode code;
  std::string_view name;
  int http_status;
};

constexpr std::array kCodes{
    CodeFacts{ErrorCode::kInvalid, "invalid", 400},
    CodeFacts{ErrorCode::kUnauthorized, "unauthorized", 401},
    CodeFacts{ErrorCode::kForbidden, "forbidden", 403},
    CodeFacts{ErrorCode::kNotFound, "not_found", 404},
    CodeFacts{ErrorCode::kConflict, "conflict", 409},
    CodeFacts{ErrorCode::kTooLarge, "too_large", 413},
    CodeFacts{ErrorCode::kUnsupported, "unsupported", 415},
    CodeFacts{ErrorCode::kTooMany, "too_many", 429},
    CodeFacts{ErrorCode::kCorrupt, "corrupt", 422},
    CodeFacts{ErrorCode::kInternal, "internal", 500},
    CodeFacts{ErrorCode::kUnavailable, "unavailable", 503},
    CodeFacts{ErrorCode::kTimeout, "timeout", 504},
    CodeFacts{ErrorCode::kCancelled, "cancelled", 503},
    CodeFacts{ErrorCode::kFenced, "fenced", 409},
    CodeFacts{ErrorCode::kDiskFull, "disk_full", 507},
    CodeFacts{ErrorCode::kUsage, "usage", 400},
};

const CodeFacts& facts(ErrorCode code) {
  for (const CodeFacts& entry : kCodes) {
    if (entry.code == code) return entry;
  }
  return kCodes[9];  // internal
}

}  // namespace

std::unexpected<Error> fail(ErrorCode code, std::string message, std::string detail) {
  const bool retryable =
      code == ErrorCode::kUnavailable || code == ErrorCode::kTimeout || code == ErrorCode::kTooMany;
  return std::unexpected<Error>(Error{code, std::move(message), retryable, std::move(detail)});
}

std::string_view name(ErrorCode code) {
  return facts(code).name;
}
int http_status(ErrorCode code) {
  return facts(code).http_status;
}
int exit_code(ErrorCode code) {
  return code == ErrorCode::kUsage ? 2 : 1;
}

}  // namespace vedette
