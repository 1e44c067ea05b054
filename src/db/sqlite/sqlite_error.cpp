#include "db/sqlite/sqlite_error.hpp"

#include <fmt/format.h>
#include <sqlite3.h>

#include <cerrno>

namespace vedette::db {
namespace {

bool is_out_of_space(sqlite3* handle, int code) {
  if ((code & 0xff) == SQLITE_FULL) return true;
  if ((code & 0xff) != SQLITE_IOERR || handle == nullptr) return false;
  const int cause = sqlite3_system_errno(handle);
  return cause == ENOSPC || cause == EDQUOT || cause == EFBIG;
}

std::unexpected<Error> constraint_error(int code, const std::string& detail) {
  switch (code) {
    case SQLITE_CONSTRAINT_UNIQUE:
    case SQLITE_CONSTRAINT_PRIMARYKEY:
    case SQLITE_CONSTRAINT_ROWID:
      return fail(ErrorCode::kConflict, "An entry with this key exists already.", detail);
    case SQLITE_CONSTRAINT_FOREIGNKEY:
      return fail(ErrorCode::kConflict, "The entry belongs to another one that does not exist.",
                  detail);
    default:
      return fail(ErrorCode::kInvalid, "A value is missing, or not one its field may hold.",
                  detail);
  }
}

std::unexpected<Error> error_of(sqlite3* handle, int code, const std::string& path,
                                const std::string& detail) {
  if (is_out_of_space(handle, code)) {
    return fail(ErrorCode::kDiskFull,
                fmt::format("There is no space left to write {}. Free some space; nothing was "
                            "changed.",
                            path),
                detail);
  }
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("Another process keeps {} locked. Try again; if it stays so, look for "
                      "a second program that uses this file.",
                      path),
          detail);
    case SQLITE_CORRUPT:
      return fail(ErrorCode::kCorrupt,
                  fmt::format("The database file {} is damaged. Stop the program, keep a copy of "
                              "the file, and restore a backup.",
                              path),
                  detail);
    case SQLITE_NOTADB:
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} is not a SQLite database. Give the name of another file, or move "
                              "this one away.",
                              path),
                  detail);
    case SQLITE_READONLY:
    case SQLITE_PERM:
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{} cannot be written. Give this user the right to write the file "
                              "and its folder.",
                              path),
                  detail);
    case SQLITE_CANTOPEN:
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("{} cannot be opened. Check that its folder exists and that this user "
                      "may read and write there.",
                      path),
          detail);
    case SQLITE_IOERR:
      return fail(
          ErrorCode::kUnavailable,
          fmt::format("Reading or writing {} failed. Check the disk and the system's log.", path),
          detail);
    case SQLITE_NOMEM:
      return fail(ErrorCode::kUnavailable, "There is not enough memory for the database.", detail);
    case SQLITE_INTERRUPT:
      return fail(ErrorCode::kTimeout,
                  "A database statement took longer than the statement timeout and was ended.",
                  detail);
    case SQLITE_TOOBIG:
      return fail(ErrorCode::kTooLarge, "A value is too large for the database.", detail);
    case SQLITE_CONSTRAINT:
      return constraint_error(code, detail);
    case SQLITE_MISMATCH:
      return fail(ErrorCode::kInvalid, "A value is not one its field may hold.", detail);
    default:
      return fail(ErrorCode::kInternal,
                  "A database statement failed because of a defect in the program. The log has "
                  "details.",
                  detail);
  }
}

}  // namespace

bool is_contention(int code) {
  return (code & 0xff) == SQLITE_BUSY || (code & 0xff) == SQLITE_LOCKED;
}

Error sqlite_error(sqlite3* handle, int code, const std::string& path, std::string_view doing) {
  const char* said = handle != nullptr ? sqlite3_errmsg(handle) : sqlite3_errstr(code);
  return error_of(handle, code, path, fmt::format("SQLite {}: {} ({})", code, said, doing)).error();
}

}  // namespace vedette::db
