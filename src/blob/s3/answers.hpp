// What S3 answers, out of its XML and its fields. The bytes are foreign: whatever they are, the
// outcome is a value or an error. Used by the S3 client and store. Pure; any thread.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"

namespace vedette::blob::s3 {

/// <Error>: empty where the server does not say.
struct ErrorAnswer {
  std::string code;
  std::string message;
  std::string region;
  std::string endpoint;
};

struct ListedObject {
  std::string key;
  std::uint64_t size = 0;
  Instant modified{};
  std::string tag;
};

struct ListAnswer {
  std::vector<ListedObject> objects;
  bool is_truncated = false;
};

struct ListedUpload {
  std::string key;
  std::string id;
  Instant begun{};
};

struct UploadsAnswer {
  std::vector<ListedUpload> uploads;
  bool is_truncated = false;
  std::string next_key;
  std::string next_id;
};

/// "bytes 0-9/100"
struct ContentRange {
  std::uint64_t first = 0;
  std::uint64_t last = 0;
  std::uint64_t total = 0;
};

/// nullopt for what is no <Error>. Its texts are short and printable.
std::optional<ErrorAnswer> read_error(std::string_view body);
/// Of ?list-type=2&encoding-type=url, or without the latter.
Result<ListAnswer> read_list(std::string_view body);
/// Of ?uploads=
Result<UploadsAnswer> read_uploads(std::string_view body);
/// The id of an upload that was begun.
Result<std::string> read_upload_id(std::string_view body);
/// The ETag of an object put together; empty where the server does not say.
Result<std::string> read_completed(std::string_view body);

std::optional<ContentRange> read_content_range(std::string_view field);
/// "Fri, 24 May 2013 00:00:00 GMT"
std::optional<Instant> read_http_date(std::string_view field);
/// Digits only.
std::optional<std::uint64_t> read_number(std::string_view text);
/// Without its quotes, "W/" and control characters; at most 200 bytes.
std::string read_tag(std::string_view field);

}  // namespace vedette::blob::s3
