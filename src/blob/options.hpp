// What a store is made from; filled from the settings by app/options.hpp. Values.
#pragma once

#include <cstdint>
#include <filesystem>
#include <string>

#include "base/time.hpp"

namespace vedette::blob {

struct FolderOptions {
  /// Absolute; made with the first object.
  std::filesystem::path folder;
  /// put() returns when the bytes and their name are on the disk: a power cut loses no object whose
  /// row is written. Without: the system's own pace, and a cut may leave the last ones empty.
  bool is_synced = true;
};

struct S3Options {
  /// "https://host:port"; empty: Amazon's of the region.
  std::string endpoint;
  std::string region = "us-east-1";
  /// Empty: objects lie in the folder.
  std::string bucket;
  /// In front of every key; "vedette" and "vedette/" mean the same.
  std::string prefix;
  /// Without them requests are not signed, as public buckets want it.
  std::string access_key;
  std::string secret_key;
  std::string session_token;  // of temporary credentials

  enum class Style {
    kAuto,     // kPath for an endpoint of one's own, kVirtual for Amazon's
    kPath,     // host/bucket/key
    kVirtual,  // bucket.host/key
  };
  Style style = Style::kAuto;
  /// Certificates to trust instead of the machine's; empty: those.
  std::filesystem::path ca_file;

  /// How long no byte may move before a request is given up.
  Micros timeout = std::chrono::seconds(30);
  /// Larger objects are sent in parts of this size; `parallel` + 1 of them are in memory at most.
  /// Files are in memory not at all, and go in parts of four times the size.
  std::uint64_t part_size = std::uint64_t{8} << 20;
  int parallel = 3;
  /// Further tries of a request that failed for a passing reason.
  int retries = 5;
  /// The waits between them are random, up to twice as long each time, and never above the second.
  Micros first_wait = std::chrono::milliseconds(100);
  Micros longest_wait = std::chrono::seconds(10);
};

struct StoreOptions {
  FolderOptions folder;
  S3Options s3;
};

}  // namespace vedette::blob
