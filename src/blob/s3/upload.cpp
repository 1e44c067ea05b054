#include "blob/s3/upload.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <utility>

#include "base/digest.hpp"
#include "base/log.hpp"
#include "base/process.hpp"
#include "base/text.hpp"
#include "blob/checks.hpp"
#include "blob/s3/answers.hpp"

namespace vedette::blob::s3 {
namespace {

// That S3 takes of one object.
constexpr std::uint64_t kMostParts = 10'000;

// What S3 gives an object that was put together: the MD5 of its parts' MD5s, and how many there
// were; nothing where a part's tag is no MD5.
std::optional<std::string> tag_of(const std::map<int, std::string>& tags) {
  Digester whole(Digester::Kind::kMd5);
  for (const auto& [number, tag] : tags) {
    if (tag.size() != 32) return std::nullopt;
    std::string bytes;
    for (std::size_t at = 0; at < tag.size(); at += 2) {
      unsigned int byte = 0;
      const auto* end = tag.data() + at + 2;
      const auto read = std::from_chars(tag.data() + at, end, byte, 16);
      if (read.ec != std::errc() || read.ptr != end) return std::nullopt;
      bytes += static_cast<char>(byte);
    }
    whole.add(bytes);
  }
  return fmt::format("{}-{}", to_hex(whole.finish()), tags.size());
}

}  // namespace

Result<void> check_parts(std::string_view key, std::uint64_t size, std::uint64_t part_size) {
  if (size <= kMostParts * part_size) return {};
  return fail(ErrorCode::kTooLarge,
              fmt::format("{} was not stored: it is larger than {} parts of {} MiB; raise "
                          "blob.part_size",
                          key, kMostParts, part_size >> 20U));
}

Upload::Upload(Client& client, std::string key, std::string content_type,
               const std::stop_token& stop)
    : client_(client), key_(std::move(key)), content_type_(std::move(content_type)), stop_(stop) {}

Upload::~Upload() {
  for (auto& sender : senders_) sender.request_stop();
  senders_.clear();
  if (!id_.empty()) give_up();
}

void Upload::give_up() {
  // Also after a stop, and once only: what is left is swept.
  const auto ended = client_.ask(
      {.method = "DELETE", .key = key_, .query = {{"uploadId", id_}}, .is_tried_once = true});
  if (!ended && ended.error().code != ErrorCode::kNotFound) {
    log::warn("blob", "an unfinished upload of {} is left in {} until it is swept: {}", key_,
              client_.place(), ended.error().message);
  }
}

Result<void> Upload::begin() {
  VEDETTE_TRY(reply, client_.ask({.method = "POST",
                                  .key = key_,
                                  .query = {{"uploads", ""}},
                                  .headers = {{"Content-Type", content_type_}},
                                  .stop = stop_,
                                  .may_say_error = true}));
  VEDETTE_TRY(id, read_upload_id(reply.body));
  id_ = std::move(id);
  for (int i = 0; i < client_.options().parallel; ++i) {
    senders_.emplace_back([this](const std::stop_token& stop) {
      set_thread_name("upload");
      // A stop of the caller is one of ours: it ends a part in the middle.
      send_parts(stop);
    });
  }
  return {};
}

Result<std::uint64_t> Upload::send(PartBuffer first, Source& source,
                                   std::optional<std::uint64_t> said) {
  VEDETTE_CHECK(begin());
  VEDETTE_TRY(size, read_parts(std::move(first), source));
  VEDETTE_CHECK(wait_for_parts());
  if (said && *said != size) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} was not stored: {} bytes were said to come, and {} came", key_,
                            *said, size));
  }
  VEDETTE_CHECK(complete(size));
  return size;
}

Result<void> Upload::send(const FileHandle& file, std::uint64_t size, std::uint64_t part_size) {
  VEDETTE_CHECK(begin());
  int number = 0;
  for (std::uint64_t first = 0; first < size; first += part_size) {
    VEDETTE_CHECK(hand_over({++number, Slice{&file, first, std::min(part_size, size - first)}}));
  }
  VEDETTE_CHECK(wait_for_parts());
  return complete(size);
}

Result<std::uint64_t> Upload::read_parts(PartBuffer first, Source& source) {
  std::uint64_t size = first.content().size();
  VEDETTE_CHECK(hand_over({1, std::move(first)}));
  for (int number = 2;; ++number) {
    VEDETTE_TRY(buffer, free_buffer());
    VEDETTE_TRY(read, read_full(source, buffer.room()));
    if (read == 0) return size;
    size += read;
    VEDETTE_CHECK(check_parts(key_, size, client_.options().part_size));
    const bool is_last = read < buffer.room().size();
    buffer.set_used(read);
    VEDETTE_CHECK(hand_over({number, std::move(buffer)}));
    if (is_last) return size;
  }
}

Result<void> Upload::hand_over(Part part) {
  const Lock lock(parts_mutex_);
  if (error_) return fail(*error_);
  ++under_way_;
  waiting_.push_back(std::move(part));
  changed_.notify_all();
  return {};
}

// One for the reader beside those that are sent.
Result<PartBuffer> Upload::free_buffer() {
  Lock lock(parts_mutex_);
  if (buffers_ <= client_.options().parallel && free_.empty()) {
    ++buffers_;
    return PartBuffer(client_.options().part_size);
  }
  const bool is_ready = changed_.wait(
      lock, stop_, [this]() VEDETTE_REQUIRES(parts_mutex_) { return !free_.empty() || error_; });
  if (error_) return fail(*error_);
  if (!is_ready || stop_.stop_requested()) return stopped();
  auto buffer = std::move(free_.back());
  free_.pop_back();
  return buffer;
}

Result<void> Upload::wait_for_parts() {
  Lock lock(parts_mutex_);
  const bool is_done = changed_.wait(
      lock, stop_, [this]() VEDETTE_REQUIRES(parts_mutex_) { return under_way_ == 0 || error_; });
  if (error_) return fail(*error_);
  if (!is_done) return stopped();
  return {};
}

void Upload::send_parts(const std::stop_token& stop) {
  // Either ends a part in the middle: the end of this object, or the caller's stop.
  std::stop_source ends;
  const std::stop_callback by_us(stop, [&ends] { ends.request_stop(); });
  const std::stop_callback by_caller(stop_, [&ends] { ends.request_stop(); });
  while (true) {
    std::optional<Part> part;
    {
      Lock lock(parts_mutex_);
      changed_.wait(lock, stop, [this]() VEDETTE_REQUIRES(parts_mutex_) {
        return !waiting_.empty() || error_;
      });
      if (error_ || stop.stop_requested() || waiting_.empty()) return;
      part.emplace(std::move(waiting_.front()));
      waiting_.pop_front();
    }
    auto tag = send_part(*part, ends.get_token());
    const Lock lock(parts_mutex_);
    --under_way_;
    if (tag) {
      tags_[part->number] = *std::move(tag);
      if (auto* buffer = std::get_if<PartBuffer>(&part->content)) {
        free_.push_back(std::move(*buffer));
      }
    } else if (!error_) {
      error_ = std::move(tag.error());
    }
    changed_.notify_all();
    if (error_) return;
  }
}

Result<std::string> Upload::send_part(const Part& part, const std::stop_token& stop) {
  Ask ask{.method = "PUT",
          .key = key_,
          .query = {{"partNumber", std::to_string(part.number)}, {"uploadId", id_}},
          .stop = stop};
  if (const auto* buffer = std::get_if<PartBuffer>(&part.content)) {
    ask.body = buffer->content();
  } else {
    ask.slice = std::get<Slice>(part.content);
  }
  VEDETTE_TRY(reply, client_.ask(ask));
  auto tag = read_tag(reply.header("etag"));
  if (tag.empty()) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} takes a part of {} and does not say which", client_.place(), key_));
  }
  return tag;
}

Result<void> Upload::complete(std::uint64_t size) {
  std::string body = "<CompleteMultipartUpload>";
  std::optional<std::string> wanted;
  {
    const Lock lock(parts_mutex_);
    for (const auto& [number, tag] : tags_) {
      body += fmt::format("<Part><PartNumber>{}</PartNumber><ETag>\"", number);
      for (const char c : tag) {
        body += c == '&' ? "&amp;" : c == '<' ? "&lt;" : std::string(1, c);
      }
      body += "\"</ETag></Part>";
    }
    wanted = tag_of(tags_);
  }
  body += "</CompleteMultipartUpload>";
  const auto reply = client_.ask({.method = "POST",
                                  .key = key_,
                                  .query = {{"uploadId", id_}},
                                  .headers = {{"Content-Type", "application/xml"}},
                                  .body = body,
                                  .stop = stop_,
                                  .may_say_error = true});
  // A second try of what went well and was not heard of: the upload is gone, the object there.
  if (!reply && reply.error().code != ErrorCode::kNotFound) return fail(reply.error());
  if (reply) id_.clear();
  if (const auto compared = compare(size, wanted.value_or("")); !compared) {
    return reply ? compared : fail(reply.error());
  }
  id_.clear();
  return {};
}

// What lies there now is what was sent. The answer to the completion may tell no tag at all.
Result<void> Upload::compare(std::uint64_t size, std::string_view tag) {
  VEDETTE_TRY(reply, client_.ask({.method = "HEAD", .key = key_, .stop = stop_}));
  const auto found_size = read_number(trim(reply.header("content-length")));
  const auto found = read_tag(reply.header("etag"));
  const bool is_comparable = !tag.empty() && found.contains('-') && found.size() == tag.size();
  if (found_size != size || (is_comparable && found != tag)) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("{} in {} is not what was sent ({} bytes, tag {}; sent were {} bytes, "
                            "tag {}): somebody else stored it at the same time, or it is damaged; "
                            "store it again",
                            key_, client_.place(), found_size.value_or(0), found, size, tag));
  }
  return {};
}

}  // namespace vedette::blob::s3
