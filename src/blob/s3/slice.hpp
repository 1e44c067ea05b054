// A stretch of a file as the body of a request: read as it is sent, and again for a further try,
// never held. Used by the S3 client and by uploads. One thread at a time for each use; the file may
// be shared.
#pragma once

#include <cstdint>
#include <stop_token>
#include <string>

#include "base/error.hpp"
#include "blob/folder/file_handle.hpp"
#include "net/http_client.hpp"

namespace vedette::blob::s3 {

struct Slice {
  const FileHandle* file = nullptr;  // outlives this
  std::uint64_t first = 0;
  std::uint64_t size = 0;
};

/// kInvalid from it when the file ends before the slice does; kUnavailable when it cannot be read.
net::BodySource source_of(const Slice& slice);

/// SHA-256 in hexadecimal. The same errors, and kCancelled.
Result<std::string> sha256_hex_of(const Slice& slice, const std::stop_token& stop);

}  // namespace vedette::blob::s3
