// The settings of the store of objects (stills, thumbnails, exports): a folder, or a bucket of S3.
#include <array>
#include <chrono>

#include "config/table_rows.hpp"

namespace vedette::config {
namespace {

using std::chrono::minutes;
using std::chrono::seconds;
using std::string_view_literals::operator""sv;

constexpr std::array kSyncWords{"full"sv, "none"sv};
constexpr std::array kStyleWords{"auto"sv, "path"sv, "virtual"sv};

const std::array kRows = std::to_array<Declaration>({
    {.name = "blob.folder",
     .shape = path(),
     .default_text = "",
     .help = "Folder for stills, thumbnails and exports, where no bucket is named; processes on "
             "several machines need one that all of them see, or a bucket",
     .apply = [](Settings& s, const Value& v) { s.blob.folder = as_text(v); },
     .default_note = "blobs in the data folder",
     .default_in_data = "blobs"},
    {.name = "blob.sync",
     .shape = choice(kSyncWords),
     .default_text = "full",
     .help =
         "full: an object in the folder is on the disk before its row is written. none: faster, "
         "and a power cut may leave the last ones empty",
     .apply = [](Settings& s, const Value& v) { s.blob.is_synced = as_text(v) == "full"; }},
    {.name = "blob.bucket",
     .shape = text(true, 255),
     .default_text = "",
     .help = "Bucket of S3, or of any server that speaks it, for stills, thumbnails and exports; "
             "empty: the folder. It is not made",
     .apply = [](Settings& s, const Value& v) { s.blob.bucket = as_text(v); }},
    {.name = "blob.endpoint",
     .shape = text(true, 255),
     .default_text = "",
     .help =
         "Address of the S3 server, such as https://s3.example.org:9000; empty: Amazon's of the "
         "region",
     .apply = [](Settings& s, const Value& v) { s.blob.endpoint = as_text(v); }},
    {.name = "blob.region",
     .shape = text(false, 64),
     .default_text = "us-east-1",
     .help = "Region of the bucket; many servers of one's own take any",
     .apply = [](Settings& s, const Value& v) { s.blob.region = as_text(v); }},
    {.name = "blob.prefix",
     .shape = text(true, 120),
     .default_text = "",
     .help = "In front of every key, for a bucket that holds other things too",
     .apply = [](Settings& s, const Value& v) { s.blob.prefix = as_text(v); }},
    {.name = "blob.access_key",
     .shape = text(true, 255),
     .default_text = "",
     .help = "Name of the credentials; empty: requests are not signed, as public buckets want it",
     .apply = [](Settings& s, const Value& v) { s.blob.access_key = as_text(v); }},
    {.name = "blob.secret_key",
     .shape = text(true, 255),
     .default_text = "",
     .help = "Secret of the credentials",
     .apply = [](Settings& s, const Value& v) { s.blob.secret_key = as_text(v); },
     .is_secret = true},
    {.name = "blob.session_token",
     .shape = text(true, 4096),
     .default_text = "",
     .help = "Token of temporary credentials",
     .apply = [](Settings& s, const Value& v) { s.blob.session_token = as_text(v); },
     .is_secret = true},
    {.name = "blob.style",
     .shape = choice(kStyleWords),
     .default_text = "auto",
     .help = "path: https://host/bucket/key. virtual: https://bucket.host/key. auto: virtual at "
             "Amazon's, else path",
     .apply = [](Settings& s, const Value& v) { s.blob.style = as_text(v); }},
    {.name = "blob.ca_file",
     .shape = path(true),
     .default_text = "",
     .help =
         "Certificates that the S3 server's is checked against; empty: those this machine trusts",
     .apply = [](Settings& s, const Value& v) { s.blob.ca_file = as_text(v); }},
    {.name = "blob.timeout",
     .shape = duration(seconds(1), minutes(10)),
     .default_text = "30s",
     .help = "A request to S3 of which no byte moves for so long is given up",
     .apply = [](Settings& s, const Value& v) { s.blob.timeout = as_time(v); }},
    {.name = "blob.retries",
     .shape = whole(0, 20),
     .default_text = "5",
     .help = "Further tries of a request to S3 that failed for a passing reason (busy, away, cut "
             "off), after random waits of up to 0.1 s and twice as long each time, 10 s at most",
     .apply = [](Settings& s, const Value& v) { s.blob.retries = as_int(v); }},
    {.name = "blob.part_size",
     .shape = size(5 * kMebibyte, 1024 * kMebibyte),
     .default_text = "8MiB",
     .help =
         "Larger objects go to S3 in parts of this size, 10,000 at most; as many as "
         "blob.parallel, and one more, are in memory for each; those of files, of which nothing "
         "is, have four times the size",
     .apply = [](Settings& s, const Value& v) { s.blob.part_size = std::get<std::int64_t>(v); }},
    {.name = "blob.parallel",
     .shape = whole(1, 32),
     .default_text = "3",
     .help = "Parts of one object that are sent at once",
     .apply = [](Settings& s, const Value& v) { s.blob.parallel = as_int(v); }},
});

}  // namespace

std::span<const Declaration> blob_declarations() {
  return kRows;
}

}  // namespace vedette::config
