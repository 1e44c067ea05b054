// Errors as values: what can fail for outside reasons returns Result<T>. Used by every folder, on
// any thread. About fifteen general codes; http status and exit code follow from the code, in one
// table.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <utility>

namespace vedette {

enum class ErrorCode {
  kInvalid,       // the caller's input is wrong: 400
  kUnauthorized,  // nobody is logged in: 401
  kForbidden,     // somebody is, but may not: 403
  kNotFound,      // 404
  kConflict,      // the present state forbids it, or it exists already: 409
  kTooLarge,      // a bound was hit: 413
  kUnsupported,   // a format or layout that is not known here: 415
  kTooMany,       // a rate or a queue is full: 429
  kCorrupt,       // foreign bytes that do not parse: 422
  kInternal,      // a defect of ours: 500
  kUnavailable,   // a server, camera or file cannot be reached now: 503
  kTimeout,       // 504
  kCancelled,     // asked to stop
  kFenced,        // the lease was lost: nothing may be written
  kDiskFull,      // 507
  kUsage,         // bad flag or setting: exit code 2
};

/// What went wrong. `message` is one sentence for a person: what, where, and what to do about it.
/// It never carries internals or secrets. `detail` is for the log only and never reaches a client.
struct Error {
  ErrorCode code = ErrorCode::kInternal;
  std::string message;
  bool retryable = false;
  std::string detail;
};

template <class T = void>
using Result = std::expected<T, Error>;

/// Shorthand for `return fail(ErrorCode::kInvalid, "...")`. kUnavailable, kTimeout and kTooMany are
/// retryable.
[[nodiscard]] std::unexpected<Error> fail(ErrorCode code, std::string message,
                                          std::string detail = {});

/// Passes an error on: `return fail(result.error())`.
[[nodiscard]] inline std::unexpected<Error> fail(Error error) {
  return std::unexpected<Error>(std::move(error));
}

/// The code's name as the API's `error.code`, for example "not_found".
std::string_view name(ErrorCode code);
int http_status(ErrorCode code);

/// The program's exit code: 2 for kUsage, else 1. (0 is done, 3 is partly done.)
int exit_code(ErrorCode code);

}  // namespace vedette

// Unwraps a Result into a new variable, or returns its error: VEDETTE_TRY(rows, db.query(...));
// A macro because nothing else can return from the caller.
#define VEDETTE_TRY(variable, expression)                                               \
  auto variable##_result = (expression);                                                \
  if (!variable##_result) return ::vedette::fail(std::move(variable##_result.error())); \
  auto& variable = *variable##_result

// The same for Result<void>. The counter keeps a check inside a lambda inside a check from
// shadowing.
#define VEDETTE_CHECK(expression) VEDETTE_CHECK_AS(__COUNTER__, expression)
#define VEDETTE_CHECK_AS(number, expression) VEDETTE_CHECK_NAMED(number, expression)
#define VEDETTE_CHECK_NAMED(number, expression)                                \
  do {                                                                         \
    if (auto vedette_result_##number = (expression); !vedette_result_##number) \
      return ::vedette::fail(std::move(vedette_result_##number.error()));      \
  } while (false)
