#include "blob/source.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <utility>

#include "blob/folder/file_handle.hpp"

namespace vedette::blob {

Source from_text(std::string text) {
  const auto size = text.size();
  return {size,
          [text = std::move(text),
           at = std::size_t{0}](std::span<char> room) mutable -> Result<std::size_t> {
            const auto piece = std::string_view(text).substr(at, room.size());
            std::ranges::copy(piece, room.begin());
            at += piece.size();
            return piece.size();
          }};
}

Result<Source> from_file(const std::filesystem::path& file) {
  auto handle = std::make_shared<FileHandle>(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat info{};
  if (!handle->is_open() || ::fstat(handle->number(), &info) != 0) {
    return fail(errno == ENOENT ? ErrorCode::kNotFound : ErrorCode::kUnavailable,
                fmt::format("{} cannot be read: {}", file.string(), std::strerror(errno)));
  }
  if (!S_ISREG(info.st_mode)) {
    return fail(ErrorCode::kInvalid, fmt::format("{} is no file", file.string()));
  }
  const auto size = static_cast<std::uint64_t>(info.st_size);
  return Source{size,
                [handle, size, at = std::uint64_t{0},
                 name = file.string()](std::span<char> room) mutable -> Result<std::size_t> {
                  const auto wanted = std::min<std::uint64_t>(room.size(), size - at);
                  if (wanted == 0) return 0;
                  const auto got = read_some(handle->number(), room.first(wanted), at);
                  if (got < 0) {
                    return fail(ErrorCode::kUnavailable,
                                fmt::format("{} cannot be read: {}", name, std::strerror(errno)));
                  }
                  at += static_cast<std::uint64_t>(got);
                  return static_cast<std::size_t>(got);
                },
                handle};
}

Result<std::size_t> read_full(Source& source, std::span<char> room) {
  std::size_t filled = 0;
  while (filled < room.size()) {
    VEDETTE_TRY(got, source.read(room.subspan(filled)));
    if (got == 0) break;
    filled += got;
  }
  return filled;
}

}  // namespace vedette::blob
