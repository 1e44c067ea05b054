// The content of one object on its way to a sink: the bounds that the server names, what has come,
// whether it is what was stored. Used by the S3 store, one a read.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/digest.hpp"
#include "blob/s3/client.hpp"
#include "blob/store.hpp"

namespace vedette::blob::s3 {

/// What the fields of an answer say of an object. kCorrupt where they do not say its size.
Result<ObjectInfo> read_info(std::string_view key, const Reply& reply, std::string_view place);

class Reading {
 public:
  Reading(std::string key, const GetOptions& options, std::string place);

  /// The fields of the next request: a range, where all is not wanted or some is here already, and
  /// then of the same content only.
  Pairs headers() const;
  /// Takes the head of its answer. kCorrupt, kInvalid, kUnsupported.
  Result<void> begin(const Reply& reply);
  /// Takes bytes and gives them on.
  Result<void> take(std::string_view bytes, const Sink& sink);
  /// All has come: is it what was stored? kCorrupt.
  Result<ObjectInfo> finish();

  std::uint64_t taken() const { return taken_; }

 private:
  std::unexpected<Error> corrupt(std::string_view what) const;

  const std::string key_;
  const std::string place_;
  const std::optional<ByteRange> range_;
  const std::optional<Sha256> wanted_;
  std::optional<ObjectInfo> info_;
  std::uint64_t taken_ = 0;
  std::uint64_t end_ = 0;  // of what is taken in all
  std::optional<Digester> sha256_;
  std::optional<Digester> md5_;
};

}  // namespace vedette::blob::s3
