// A disk of its own of a few MiB, to be filled and to be made read-only: a tmpfs. Only for tests;
// it needs the right to mount, and tests skip where there is none. One thread.
#pragma once

#include <fcntl.h>
#include <sys/mount.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <cstdint>
#include <filesystem>
#include <stdexcept>
#include <utility>

namespace vedette::blob::testing {

class SmallDisk {
 public:
  static constexpr const char* kWhyNot = "a small disk of its own needs the right to mount";

  /// At `folder`, which is made; 16 MiB.
  explicit SmallDisk(std::filesystem::path folder) : folder_(std::move(folder)) {
    std::filesystem::create_directories(folder_);
    is_there_ = ::mount("tmpfs", folder_.c_str(), "tmpfs", 0, "size=16m,mode=0700") == 0;
  }
  ~SmallDisk() {
    if (is_there_) ::umount2(folder_.c_str(), MNT_DETACH);
  }
  SmallDisk(const SmallDisk&) = delete;
  SmallDisk& operator=(const SmallDisk&) = delete;

  bool is_there() const { return is_there_; }
  const std::filesystem::path& path() const { return folder_; }

  /// Leaves so many bytes.
  void fill(std::uint64_t left) const {
    struct statvfs info{};
    ::statvfs(folder_.c_str(), &info);
    const std::uint64_t free = std::uint64_t{info.f_bavail} * info.f_bsize;
    const int file = ::open(ballast().c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    const int failed = ::posix_fallocate(file, 0, static_cast<off_t>(free - left));
    ::close(file);
    if (failed != 0) throw std::runtime_error("the small disk is not filled");
  }
  void make_room() const { std::filesystem::remove(ballast()); }
  void set_read_only(bool is_read_only) const {
    unsigned long flags = MS_REMOUNT;
    if (is_read_only) flags |= MS_RDONLY;
    if (::mount("tmpfs", folder_.c_str(), "tmpfs", flags, nullptr) != 0) {
      throw std::runtime_error("the small disk is not mounted anew");
    }
  }

 private:
  std::filesystem::path ballast() const { return folder_ / "ballast"; }

  const std::filesystem::path folder_;
  bool is_there_ = false;
};

}  // namespace vedette::blob::testing
