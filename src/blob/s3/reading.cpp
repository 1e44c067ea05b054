#include "blob/s3/reading.hpp"

#include <fmt/format.h>

#include <utility>

#include "base/text.hpp"
#include "blob/checks.hpp"

namespace vedette::blob::s3 {
namespace {

// The tag of an object that was put as a whole and is not encrypted with a key of its owner is the
// MD5 of its content.
bool is_md5(std::string_view tag, const Reply& reply) {
  const auto encryption = reply.header("x-amz-server-side-encryption");
  const bool is_plain = encryption.empty() || encryption == "AES256";
  return is_plain && tag.size() == 32 &&
         reply.header("x-amz-server-side-encryption-customer-algorithm").empty() &&
         tag.find_first_not_of("0123456789abcdef") == std::string_view::npos;
}

}  // namespace

Result<ObjectInfo> read_info(std::string_view key, const Reply& reply, std::string_view place) {
  ObjectInfo info{.key = std::string(key)};
  const auto range = read_content_range(reply.header("content-range"));
  const auto size = range ? range->total : read_number(trim(reply.header("content-length")));
  if (!size) {
    return fail(ErrorCode::kCorrupt, fmt::format("{} does not say how large {} is", place, key));
  }
  info.size = *size;
  info.content_type = reply.header("content-type");
  if (info.content_type.empty()) info.content_type = "application/octet-stream";
  info.modified = read_http_date(reply.header("last-modified")).value_or(Instant{});
  info.tag = read_tag(reply.header("etag"));
  return info;
}

Reading::Reading(std::string key, const GetOptions& options, std::string place)
    : key_(std::move(key)),
      place_(std::move(place)),
      range_(options.range),
      wanted_(options.range ? std::nullopt : options.digest) {
  if (wanted_) sha256_.emplace(Digester::Kind::kSha256);
}

Pairs Reading::headers() const {
  Pairs headers;
  const auto first = (range_ ? range_->first : 0) + taken_;
  if (range_ || taken_ > 0) {
    const auto last = range_ && range_->last ? std::to_string(*range_->last) : std::string();
    headers.emplace_back("Range", fmt::format("bytes={}-{}", first, last));
  }
  if (info_ && !info_->tag.empty()) headers.emplace_back("If-Match", '"' + info_->tag + '"');
  return headers;
}

std::unexpected<Error> Reading::corrupt(std::string_view what) const {
  return fail(ErrorCode::kCorrupt, fmt::format("{} in {} {}", key_, place_, what));
}

Result<void> Reading::begin(const Reply& reply) {
  VEDETTE_TRY(info, read_info(key_, reply, place_));
  const auto first = range_ ? range_->first : 0;
  const bool is_part = range_ || taken_ > 0;
  if (is_part && reply.status != 206) return corrupt("is given as a whole only, not in parts");
  const auto end = range_ && info.size > first ? end_of(*range_, info.size) : info.size;
  if (is_part) {
    const auto range = read_content_range(reply.header("content-range"));
    if (!range || range->first != first + taken_ || range->last + 1 != end) {
      return corrupt("is given in other parts than those asked for");
    }
  }
  if (info_) {
    if (info.size != info_->size || info.tag != info_->tag) {
      return fail(ErrorCode::kConflict,
                  fmt::format("{} in {} was replaced while it was read", key_, place_));
    }
    return {};
  }
  end_ = end - first;
  if (!range_ && is_md5(info.tag, reply)) md5_.emplace(Digester::Kind::kMd5);
  info_ = std::move(info);
  return {};
}

Result<void> Reading::take(std::string_view bytes, const Sink& sink) {
  if (bytes.size() > end_ - taken_) return corrupt("gives more bytes than it says");
  taken_ += bytes.size();
  if (sha256_) sha256_->add(bytes);
  if (md5_) md5_->add(bytes);
  return sink(bytes);
}

Result<ObjectInfo> Reading::finish() {
  if (taken_ != end_) {
    auto cut_off = corrupt(fmt::format("is cut off after {} of {} bytes", taken_, end_));
    cut_off.error().retryable = true;
    return cut_off;
  }
  if (sha256_) VEDETTE_CHECK(check_digest(key_, *wanted_, sha256_->finish(), place_));
  if (md5_) {
    if (const auto found = to_hex(md5_->finish()); found != info_->tag) {
      auto damaged = corrupt(fmt::format(
          "did not come as it was stored (MD5 {} in place of {}): read it again, and store it "
          "again if that does not help",
          found, info_->tag));
      damaged.error().retryable = true;
      return damaged;
    }
  }
  return *info_;
}

}  // namespace vedette::blob::s3
