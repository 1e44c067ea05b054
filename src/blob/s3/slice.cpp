#include "blob/s3/slice.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <memory>
#include <span>
#include <vector>

#include "base/digest.hpp"
#include "blob/checks.hpp"

namespace vedette::blob::s3 {
namespace {

constexpr std::size_t kPiece = std::size_t{256} << 10;

// Of the slice, from `at` on; 0 at its end only.
Result<std::size_t> read_on(const Slice& slice, std::uint64_t at, std::span<char> room) {
  room = room.first(std::min<std::uint64_t>(room.size(), slice.size - at));
  if (room.empty()) return 0;
  const auto got = read_some(slice.file->number(), room, slice.first + at);
  if (got < 0) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("the file to be stored cannot be read: {}", std::strerror(errno)));
  }
  if (got == 0) {
    return fail(ErrorCode::kInvalid,
                fmt::format("the file to be stored ends before its byte {}: it was cut off while "
                            "it was read, and was not stored",
                            slice.first + at));
  }
  return static_cast<std::size_t>(got);
}

}  // namespace

net::BodySource source_of(const Slice& slice) {
  const auto at = std::make_shared<std::uint64_t>(0);
  return {slice.size,
          [slice, at](std::span<char> room) -> Result<std::size_t> {
            VEDETTE_TRY(got, read_on(slice, *at, room));
            *at += got;
            return got;
          },
          [at] { *at = 0; }};
}

Result<std::string> sha256_hex_of(const Slice& slice, const std::stop_token& stop) {
  Digester digester(Digester::Kind::kSha256);
  std::vector<char> piece(std::min<std::uint64_t>(kPiece, slice.size));
  for (std::uint64_t at = 0; at < slice.size;) {
    if (stop.stop_requested()) return stopped();
    VEDETTE_TRY(got, read_on(slice, at, piece));
    digester.add({piece.data(), got});
    at += got;
  }
  return to_hex(digester.finish());
}

}  // namespace vedette::blob::s3
