// Objects in a bucket of S3, or of a server that speaks it. Small ones go in one request, larger
// ones in parts; a read that is cut off goes on where it stopped. Made by blob::open(); any thread.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "blob/s3/client.hpp"
#include "blob/store.hpp"

namespace vedette::blob::s3 {

class S3Store final : public Store {
 public:
  /// kUsage for settings that contradict each other. `clock` outlives the store.
  static Result<std::unique_ptr<S3Store>> make(const S3Options& options, const Clock& clock);

  Result<std::uint64_t> put(std::string_view key, Source source,
                            const PutOptions& options) override;
  Result<ObjectInfo> get(std::string_view key, const GetOptions& options,
                         const Sink& sink) override;
  Result<std::optional<ObjectInfo>> head(std::string_view key,
                                         const std::stop_token& stop) override;
  Result<void> remove(std::string_view key, const std::stop_token& stop) override;
  Result<Page> list(std::string_view prefix, const ListOptions& options) override;
  Result<std::optional<std::string>> link(std::string_view key,
                                          const LinkOptions& options) override;
  Result<Swept> sweep(Micros older_than, const std::stop_token& stop) override;
  std::vector<Finding> check(const std::stop_token& stop) override;
  std::string place() const override { return client_.place(); }

 private:
  S3Store(S3Options options, Route route, const Clock& clock);
  std::string full(std::string_view key) const { return prefix_ + std::string(key); }
  /// `ask` has the body.
  Result<std::uint64_t> put_whole(std::string_view key, Ask ask, std::uint64_t size,
                                  const PutOptions& options);
  Result<std::uint64_t> put_file(std::string_view key, const FileHandle& file, std::uint64_t size,
                                 const PutOptions& options);
  Finding probe(const std::stop_token& stop);

  Client client_;
  const Clock& clock_;
  const std::string prefix_;
};

}  // namespace vedette::blob::s3
