#include "blob/s3/s3_store.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "base/id.hpp"
#include "base/text.hpp"
#include "blob/checks.hpp"
#include "blob/key.hpp"
#include "blob/s3/answers.hpp"
#include "blob/s3/reading.hpp"
#include "blob/s3/upload.hpp"

namespace vedette::blob::s3 {
namespace {

constexpr std::chrono::seconds kLongestLink = std::chrono::days(7);
// A file's part by that of what is held in memory, and the largest that S3 takes.
constexpr std::uint64_t kPartsOfFile = 4;
constexpr std::uint64_t kLargestPart = std::uint64_t{5} << 30;

std::string with_slash(std::string prefix) {
  while (prefix.ends_with('/')) prefix.pop_back();
  return prefix.empty() ? prefix : prefix + '/';
}

}  // namespace

S3Store::S3Store(S3Options options, Route route, const Clock& clock)
    : client_(options, std::move(route), clock),
      clock_(clock),
      prefix_(with_slash(std::move(options.prefix))) {}

Result<std::unique_ptr<S3Store>> S3Store::make(const S3Options& options, const Clock& clock) {
  VEDETTE_TRY(route, make_route(options));
  if (options.access_key.empty() != options.secret_key.empty()) {
    return fail(ErrorCode::kUsage,
                "blob.access_key and blob.secret_key belong together, and one of them is not set");
  }
  if (!options.prefix.empty()) {
    const auto prefix = with_slash(options.prefix);
    if (const auto checked = check_key(prefix.substr(0, prefix.size() - 1)); !checked) {
      return fail(ErrorCode::kUsage, "blob.prefix: " + checked.error().message);
    }
  }
  return std::unique_ptr<S3Store>(new S3Store(options, std::move(route), clock));
}

Result<std::uint64_t> S3Store::put(std::string_view key, Source source, const PutOptions& options) {
  VEDETTE_CHECK(check_key(key));
  VEDETTE_CHECK(check_content_type(options.content_type));
  if (source.file && source.size) return put_file(key, *source.file, *source.size, options);
  const auto part_size = client_.options().part_size;
  if (source.size) VEDETTE_CHECK(check_parts(key, *source.size, part_size));
  // One byte more shows a source that gives more than it said.
  const auto first_size = std::min(part_size, source.size.value_or(part_size) + 1);
  PartBuffer first(first_size);
  VEDETTE_TRY(read, read_full(source, first.room()));
  if (options.stop.stop_requested()) return stopped();
  first.set_used(read);
  const bool is_whole = read < first_size;
  if (source.size && (is_whole ? read != *source.size : *source.size < read)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("{} was not stored: {} bytes were said to come, and {} came", key,
                            *source.size, is_whole ? std::to_string(read) : "more"));
  }
  if (is_whole) return put_whole(key, {.body = first.content()}, read, options);
  Upload upload(client_, full(key), options.content_type, options.stop);
  return upload.send(std::move(first), source, source.size);
}

Result<std::uint64_t> S3Store::put_whole(std::string_view key, Ask ask, std::uint64_t size,
                                         const PutOptions& options) {
  ask.method = "PUT";
  ask.key = full(key);
  ask.headers = {{"Content-Type", options.content_type}};
  ask.stop = options.stop;
  VEDETTE_CHECK(client_.ask(ask));
  return size;
}

// Nothing of it is held, so that its parts may be larger: each costs the server, and us, the same.
Result<std::uint64_t> S3Store::put_file(std::string_view key, const FileHandle& file,
                                        std::uint64_t size, const PutOptions& options) {
  const auto part_size = std::min(kPartsOfFile * client_.options().part_size, kLargestPart);
  VEDETTE_CHECK(check_parts(key, size, part_size));
  if (size <= part_size) return put_whole(key, {.slice = Slice{&file, 0, size}}, size, options);
  Upload upload(client_, full(key), options.content_type, options.stop);
  VEDETTE_CHECK(upload.send(file, size, part_size));
  return size;
}

Result<ObjectInfo> S3Store::get(std::string_view key, const GetOptions& options, const Sink& sink) {
  VEDETTE_CHECK(check_key(key));
  if (options.range) VEDETTE_CHECK(check_range(key, *options.range, UINT64_MAX));
  Reading reading(std::string(key), options, place());
  for (int failures = 0;;) {
    const auto before = reading.taken();
    VEDETTE_TRY(reply, client_.ask({.key = full(key),
                                    .headers = reading.headers(),
                                    .stop = options.stop,
                                    .is_streamed = true}));
    VEDETTE_CHECK(reading.begin(reply));
    std::optional<Error> cut_off;
    auto& stream = *reply.stream;
    std::string piece;
    while (!stream.is_over()) {
      if (options.stop.stop_requested()) return stopped();
      if (auto read = stream.read(piece, client_.options().timeout); !read) {
        cut_off = std::move(read.error());
        break;
      }
      if (piece.empty()) {
        if (stream.is_over()) break;
        cut_off =
            fail(ErrorCode::kTimeout, fmt::format("{} sends no more of {}", place(), key)).error();
        break;
      }
      VEDETTE_CHECK(reading.take(piece, sink));
    }
    if (!cut_off) return reading.finish();
    // It goes on where it stopped, as long as something comes.
    if (reading.taken() > before) failures = 0;
    if (!cut_off->retryable || failures++ >= client_.options().retries) {
      return fail(*std::move(cut_off));
    }
    // The broken connection is not held meanwhile.
    reply.stream.reset();
    VEDETTE_CHECK(client_.pause(failures, options.stop));
  }
}

Result<std::optional<ObjectInfo>> S3Store::head(std::string_view key, const std::stop_token& stop) {
  VEDETTE_CHECK(check_key(key));
  const auto reply = client_.ask({.method = "HEAD", .key = full(key), .stop = stop});
  if (reply) return read_info(key, *reply, place());
  if (reply.error().code != ErrorCode::kNotFound) return fail(reply.error());
  // Without a body it does not say which of the two is not there.
  VEDETTE_CHECK(client_.ask({.method = "HEAD", .stop = stop}));
  return std::nullopt;
}

Result<void> S3Store::remove(std::string_view key, const std::stop_token& stop) {
  VEDETTE_CHECK(check_key(key));
  const auto reply = client_.ask({.method = "DELETE", .key = full(key), .stop = stop});
  if (!reply && reply.error().code != ErrorCode::kNotFound) return fail(reply.error());
  return {};
}

Result<Page> S3Store::list(std::string_view prefix, const ListOptions& options) {
  VEDETTE_CHECK(check_prefix(prefix));
  const auto whole = full(prefix);
  Page page;
  auto after = options.after.empty() ? std::string() : full(options.after);
  // Pages on which nothing is one of our keys are passed over.
  while (true) {
    Pairs query{{"list-type", "2"},
                {"encoding-type", "url"},
                {"max-keys", std::to_string(std::clamp(options.most, 1, 1000))},
                {"prefix", whole}};
    if (!after.empty()) query.emplace_back("start-after", after);
    VEDETTE_TRY(reply, client_.ask({.query = query, .stop = options.stop, .may_say_error = true}));
    VEDETTE_TRY(answer, read_list(reply.body));
    for (auto& object : answer.objects) {
      // A list that does not go on would never end.
      if (object.key <= after || !object.key.starts_with(whole)) {
        return fail(ErrorCode::kCorrupt,
                    fmt::format("{} lists keys that were not asked for, or not in order", place()));
      }
      after = object.key;
      const auto key = std::string_view(object.key).substr(prefix_.size());
      if (!check_key(key)) continue;  // "folder/", and what else others put there
      page.objects.push_back({std::string(key), object.size, "application/octet-stream",
                              object.modified, std::move(object.tag)});
    }
    if (!answer.is_truncated) return page;
    if (answer.objects.empty()) {
      return fail(ErrorCode::kCorrupt,
                  fmt::format("{} lists nothing, and says there is more", place()));
    }
    if (!page.objects.empty()) {
      page.next = after.substr(prefix_.size());
      return page;
    }
  }
}

Result<std::optional<std::string>> S3Store::link(std::string_view key, const LinkOptions& options) {
  VEDETTE_CHECK(check_key(key));
  Pairs query;
  if (!options.file_name.empty()) {
    query.emplace_back("response-content-disposition",
                       "attachment; filename*=UTF-8''" + encode(options.file_name));
  }
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(options.valid_for);
  return client_.link(full(key), query, std::clamp(seconds, std::chrono::seconds(1), kLongestLink));
}

Result<Swept> S3Store::sweep(Micros older_than, const std::stop_token& stop) {
  Swept swept;
  const auto bound = clock_.now() + client_.skew() - older_than;
  std::string key_marker;
  std::string id_marker;
  while (true) {
    Pairs query{{"uploads", ""}, {"prefix", prefix_}};
    if (!key_marker.empty()) {
      query.emplace_back("key-marker", key_marker);
      query.emplace_back("upload-id-marker", id_marker);
    }
    VEDETTE_TRY(reply, client_.ask({.query = query, .stop = stop, .may_say_error = true}));
    VEDETTE_TRY(answer, read_uploads(reply.body));
    for (const auto& upload : answer.uploads) {
      // One whose beginning is not told may be a moment old.
      if (upload.begun == Instant{} || upload.begun >= bound || !upload.key.starts_with(prefix_)) {
        continue;
      }
      const auto ended = client_.ask({.method = "DELETE",
                                      .key = upload.key,
                                      .query = {{"uploadId", upload.id}},
                                      .stop = stop});
      if (!ended && ended.error().code != ErrorCode::kNotFound) return fail(ended.error());
      ++swept.removed;
    }
    const bool goes_on = answer.next_key > key_marker ||
                         (answer.next_key == key_marker && answer.next_id != id_marker);
    if (!answer.is_truncated || answer.next_key.empty() || !goes_on) return swept;
    key_marker = std::move(answer.next_key);
    id_marker = std::move(answer.next_id);
  }
}

// A write tells more than permissions do.
Finding S3Store::probe(const std::stop_token& stop) {
  const auto key = fmt::format(".doctor-{}", new_uuid());
  const auto written = put(key, from_text("x"), {.content_type = "text/plain", .stop = stop});
  if (!written) {
    return {Finding::Verdict::kBad, "it cannot be written: " + written.error().message};
  }
  const auto got = read_all(*this, key, 16, {.stop = stop});
  const auto removed = remove(key, stop);
  if (!got || *got != "x") {
    return {Finding::Verdict::kBad,
            got ? fmt::format("{} gives back something else than was put", place())
                : "what is written cannot be read: " + got.error().message};
  }
  if (!removed) {
    return {Finding::Verdict::kBad, "nothing can be removed: " + removed.error().message};
  }
  return {Finding::Verdict::kOk, fmt::format("{} is readable and writable", place())};
}

std::vector<Finding> S3Store::check(const std::stop_token& stop) {
  const auto asked = clock_.now();
  const auto reply = client_.ask(
      {.query = {{"list-type", "2"}, {"max-keys", "1"}}, .stop = stop, .may_say_error = true});
  if (!reply) return {{Finding::Verdict::kBad, reply.error().message}};
  if (const auto listed = read_list(reply->body); !listed) {
    return {{Finding::Verdict::kBad, fmt::format("{}: {}", place(), listed.error().message),
             "check that blob.endpoint is the address of the S3 server itself"}};
  }
  std::vector<Finding> findings{probe(stop)};
  if (const auto region = client_.route().region; region != client_.options().region) {
    findings.push_back({Finding::Verdict::kWarn,
                        fmt::format("the bucket lies in the region {}, and blob.region is {}: each "
                                    "start asks twice",
                                    region, client_.options().region),
                        fmt::format("set blob.region = \"{}\"", region)});
  }
  const auto date = read_http_date(reply->header("date"));
  if (const auto ahead = date ? *date - asked : Micros(0); std::chrono::abs(ahead) > kNoticedSkew) {
    findings.push_back(
        {Finding::Verdict::kWarn,
         fmt::format(
             "this machine's clock is {} min {} the server's",
             std::chrono::abs(std::chrono::duration_cast<std::chrono::minutes>(ahead)).count(),
             ahead.count() > 0 ? "behind" : "ahead of"),
         "set the clock: timedatectl set-ntp true"});
  }
  return findings;
}

}  // namespace vedette::blob::s3
