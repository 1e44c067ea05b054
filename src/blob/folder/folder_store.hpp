// Objects as files of a folder: the key is the path. What is written lies under a name of its own
// in `.incoming` until it is whole, and is then renamed. Only the owner may enter (0700, 0600).
// Several processes may share the folder. Made by blob::open(); any thread.
#pragma once

#include <atomic>
#include <filesystem>
#include <string>
#include <vector>

#include "blob/folder/file_handle.hpp"
#include "blob/folder/incoming.hpp"
#include "blob/store.hpp"

namespace vedette::blob {

class FolderStore final : public Store {
 public:
  explicit FolderStore(FolderOptions options);

  Result<std::uint64_t> put(std::string_view key, Source source,
                            const PutOptions& options) override;
  Result<ObjectInfo> get(std::string_view key, const GetOptions& options,
                         const Sink& sink) override;
  Result<std::optional<std::filesystem::path>> file_of(std::string_view key) const override;
  Result<std::optional<ObjectInfo>> head(std::string_view key,
                                         const std::stop_token& stop) override;
  Result<void> remove(std::string_view key, const std::stop_token& stop) override;
  Result<Page> list(std::string_view prefix, const ListOptions& options) override;
  Result<std::optional<std::string>> link(std::string_view key,
                                          const LinkOptions& options) override;
  Result<Swept> sweep(Micros older_than, const std::stop_token& stop) override;
  std::vector<Finding> check(const std::stop_token& stop) override;
  std::string place() const override;

 protected:
  Result<ObjectInfo> copy_to(std::string_view key, const FileHandle& file,
                             const std::filesystem::path& path, const GetOptions& options) override;

 private:
  struct Opened {
    FileHandle file;
    ObjectInfo info;
  };
  /// Nothing where there is no such object.
  Result<std::optional<Opened>> open_object(std::string_view key);
  Result<std::uint64_t> write(Incoming& incoming, std::string_view key, Source& source,
                              const std::stop_token& stop);
  std::filesystem::path path_of(std::string_view key) const;
  Result<void> make_root();
  /// False: it was never used. kUnavailable: it was, and is gone.
  Result<bool> is_there();
  Result<void> publish(Incoming& incoming, const std::filesystem::path& path);
  Result<void> sync_folders(std::filesystem::path folder) const;
  Finding probe(const std::stop_token& stop);

  const FolderOptions options_;
  const std::filesystem::path incoming_;
  /// It was there once: from then on its absence is an outage.
  std::atomic<bool> was_there_ = false;
};

}  // namespace vedette::blob
