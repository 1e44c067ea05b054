#include "blob/folder/folder_error.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>

namespace vedette::blob {

std::unexpected<Error> folder_error(const std::filesystem::path& folder, std::string_view what,
                                    int code) {
  const auto where = folder.string();
  switch (code) {
    case ENOSPC:
    case EDQUOT:
    case EFBIG:
      return fail(ErrorCode::kDiskFull,
                  fmt::format("the disk of {} is full ({}): make room, or keep less", where,
                              std::strerror(code)));
    case EROFS: {
      auto error = fail(ErrorCode::kUnavailable,
                        fmt::format("the disk of {} can only be read: mount it for writing, and "
                                    "look in the system's log for why it is not",
                                    where));
      error.error().retryable = false;
      return error;
    }
    case EACCES:
    case EPERM: {
      auto error = fail(ErrorCode::kUnavailable,
                        fmt::format("{} in the folder {} is not allowed to Vedette's user: give it "
                                    "the folder and all in it",
                                    what, where));
      error.error().retryable = false;
      return error;
    }
    case EIO:
      return fail(ErrorCode::kUnavailable,
                  fmt::format("the disk of {} fails at {}: look in the system's log, and copy away "
                              "what can still be read",
                              where, what));
    default:
      return fail(ErrorCode::kUnavailable,
                  fmt::format("{} in the folder {} fails: {}", what, where, std::strerror(code)));
  }
}

std::unexpected<Error> folder_is_gone(const std::filesystem::path& folder) {
  return fail(ErrorCode::kUnavailable,
              fmt::format("the folder {} is gone, or empty: mount its disk again, or bring it back",
                          folder.string()));
}

}  // namespace vedette::blob
