// What only a folder can meet: full and read-only disks, folders that vanish, what a crash leaves.
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <chrono>
#include <filesystem>
#include <fstream>
#include <set>
#include <string>

#include "blob/folder/folder_store.hpp"
#include "blob/key.hpp"
#include "blob/testing/every_store.hpp"
#include "blob/testing/small_disk.hpp"

namespace {

// Not empty: what this program brings to the disk is noted.
std::set<std::string>* synced_paths = nullptr;

}  // namespace

// In front of the C library's: nothing else shows what outlasts a power cut.
extern "C" int fsync(int file) {
  if (synced_paths != nullptr) {
    synced_paths->insert(std::filesystem::read_symlink(fmt::format("/proc/self/fd/{}", file)));
  }
  return static_cast<int>(::syscall(SYS_fsync, file));
}

namespace vedette::blob {
namespace {

namespace fs = std::filesystem;
using testing::content_of;
using ::testing::HasSubstr;
using testing::must;
using testing::SmallDisk;
using testing::TempFolder;

struct Made {
  TempFolder temporary;
  fs::path folder = temporary.path() / "blobs";
  FolderStore opened{{.folder = folder, .is_synced = true}};
  Store& store = opened;

  std::size_t incoming() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(folder / kIncoming), fs::directory_iterator()));
  }
};

int mode_of(const fs::path& path) {
  struct stat info{};
  EXPECT_EQ(::stat(path.c_str(), &info), 0) << path;
  return static_cast<int>(info.st_mode & 0777U);
}

TEST(FolderStore, IsMadeWithTheFirstObjectAndOpenToItsOwnerOnly) {
  Made made;
  EXPECT_FALSE(must(made.store.head("a/b")));
  EXPECT_TRUE(must(made.store.list("", {})).objects.empty());
  EXPECT_EQ(must(made.store.sweep(Micros(0))).removed, 0);
  EXPECT_THAT(made.store.check().front().what, HasSubstr("does not exist yet"));
  EXPECT_FALSE(fs::exists(made.folder)) << "looking makes nothing";
  must(made.store.put("a/b", from_text("x"), {}));
  EXPECT_EQ(mode_of(made.folder), 0700);
  EXPECT_EQ(mode_of(made.folder / "a"), 0700);
  EXPECT_EQ(mode_of(made.folder / "a/b"), 0600);
  EXPECT_EQ(made.incoming(), 0U);
  EXPECT_EQ(must(made.store.link("a/b", {})), std::nullopt);
}

TEST(FolderStore, BringsEveryNewNameToTheDisk) {
  TempFolder temporary;
  const auto top = fs::canonical(temporary.path());
  const auto folder = top / "data" / "blobs";
  std::set<std::string> synced;
  synced_paths = &synced;
  FolderStore opened{{.folder = folder, .is_synced = true}};
  Store& store = opened;
  must(store.put("a/b", from_text("x"), {}));
  for (const auto& holder : {top, top / "data", folder, folder / "a"}) {
    EXPECT_TRUE(synced.contains(holder)) << holder;
  }
  synced.clear();
  must(store.put("a/c", from_text("x"), {}));
  synced_paths = nullptr;
  EXPECT_FALSE(synced.contains(top / "data")) << "it is there";
  EXPECT_TRUE(synced.contains(folder / "a"));
}

TEST(FolderStore, AFolderThatVanishesIsAnOutageAndNoEmptyStore) {
  Made made;
  must(made.store.put("a", from_text("x"), {}));
  fs::rename(made.folder, made.temporary.path() / "away");
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(made.store.head("a").error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(made.store.get("a", {}, {}).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(made.store.list("", {}).error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(made.store.remove("a").error().code, ErrorCode::kUnavailable);
    EXPECT_EQ(made.store.sweep(Micros(0)).error().code, ErrorCode::kUnavailable);
    const auto refused = made.store.put("a", from_text("y"), {});
    ASSERT_FALSE(refused);
    EXPECT_THAT(refused.error().message, HasSubstr("mount its disk"));
    EXPECT_TRUE(refused.error().retryable);
    // The second time: an empty mount point in its place.
    if (round == 0) fs::create_directory(made.folder);
  }
  EXPECT_TRUE(fs::is_empty(made.folder));
  fs::remove(made.folder);
  fs::rename(made.temporary.path() / "away", made.folder);
  EXPECT_EQ(must(read_all(made.store, "a", 10)), "x");
}

TEST(FolderStore, AFullDiskIsSaidAndLeavesNothing) {
  Made made;
  must(made.store.put("k", from_text("old"), {}));
  // Files of this process may not grow beyond 1 MiB: EFBIG, as a quota gives it.
  ::signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  ::getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 1 << 20;
  ::setrlimit(RLIMIT_FSIZE, &small);
  const auto full = made.store.put("k", from_text(content_of(3 << 20)), {});
  ::setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(full);
  EXPECT_EQ(full.error().code, ErrorCode::kDiskFull);
  EXPECT_THAT(full.error().message, HasSubstr("make room"));
  EXPECT_EQ(made.incoming(), 0U);
  EXPECT_EQ(must(read_all(made.store, "k", 10)), "old");
}

TEST(FolderStore, ADiskThatIsFullInTheMiddleIsSaidAndLeavesNothing) {
  const TempFolder temporary;
  const SmallDisk disk(temporary.path() / "disk");
  if (!disk.is_there()) GTEST_SKIP() << SmallDisk::kWhyNot;
  const auto folder = disk.path() / "blobs";
  FolderStore opened{{.folder = folder, .is_synced = true}};
  Store& store = opened;
  must(store.put("k", from_text("old"), {}));
  const auto content = content_of(3 << 20);
  // Of another disk, of this one (copied inside the kernel), and from memory.
  const auto elsewhere = temporary.path() / "file";
  const auto here = disk.path() / "file";
  std::ofstream(elsewhere) << content;
  std::ofstream(here) << content;
  disk.fill(2 << 20);
  for (int from = 0; from < 3; ++from) {
    auto source = from == 0   ? must(from_file(elsewhere))
                  : from == 1 ? must(from_file(here))
                              : from_text(content);
    const auto full = store.put("k", std::move(source), {});
    ASSERT_FALSE(full);
    EXPECT_EQ(full.error().code, ErrorCode::kDiskFull);
    EXPECT_THAT(full.error().message, HasSubstr("make room"));
    EXPECT_TRUE(fs::is_empty(folder / kIncoming));
    EXPECT_EQ(must(read_all(store, "k", 10)), "old");
  }
  EXPECT_NE(store.check().front().verdict, Finding::Verdict::kBad) << "small ones still fit";
  disk.make_room();
  must(store.put("k", must(from_file(elsewhere)), {}));
  EXPECT_TRUE(must(read_all(store, "k", content.size())) == content);
}

TEST(FolderStore, ADiskThatIsOnlyToBeReadIsSaidAndGivesWhatItHas) {
  const TempFolder temporary;
  const SmallDisk disk(temporary.path() / "disk");
  if (!disk.is_there()) GTEST_SKIP() << SmallDisk::kWhyNot;
  FolderStore opened{{.folder = disk.path() / "blobs", .is_synced = true}};
  Store& store = opened;
  must(store.put("k", from_text("old"), {}));
  disk.set_read_only(true);
  FolderStore other{{.folder = disk.path() / "new", .is_synced = true}};
  Store& fresh = other;
  for (const auto& error : {store.put("k", from_text("new"), {}).error(), store.remove("k").error(),
                            fresh.put("k", from_text("new"), {}).error()}) {
    EXPECT_EQ(error.code, ErrorCode::kUnavailable);
    EXPECT_FALSE(error.retryable);
    EXPECT_THAT(error.message, HasSubstr("can only be read"));
  }
  EXPECT_EQ(must(read_all(store, "k", 10)), "old");
  EXPECT_EQ(must(store.list("", {})).objects.size(), 1U);
  EXPECT_EQ(store.check().front().verdict, Finding::Verdict::kBad);
  disk.set_read_only(false);
  must(store.put("k", from_text("new"), {}));
  EXPECT_EQ(must(read_all(store, "k", 10)), "new");
}

TEST(FolderStore, AFileWhereTheFolderShouldBeIsSaid) {
  TempFolder temporary;
  std::ofstream(temporary.path() / "file") << "x";
  FolderStore opened({.folder = temporary.path() / "file"});
  Store& store = opened;
  EXPECT_EQ(store.put("a", from_text("x"), {}).error().code, ErrorCode::kUnavailable);
  const auto findings = store.check();
  EXPECT_EQ(findings.front().verdict, Finding::Verdict::kBad);
  EXPECT_THAT(findings.front().what, HasSubstr("no folder"));
}

TEST(FolderStore, SaysWhenOthersMayListIt) {
  Made made;
  must(made.store.put("a", from_text("x"), {}));
  fs::permissions(made.folder, static_cast<fs::perms>(0755));
  const auto findings = made.store.check();
  ASSERT_EQ(findings.size(), 2U);
  EXPECT_EQ(findings[1].verdict, Finding::Verdict::kWarn);
  EXPECT_THAT(findings[1].remedy, HasSubstr("chmod"));
}

TEST(FolderStore, SweepsWhatACrashLeftAndNoMore) {
  Made made;
  must(made.store.put("a", from_text("x"), {}));
  const auto old = made.folder / kIncoming / "old";
  const auto young = made.folder / kIncoming / "young";
  std::ofstream(old) << "half";
  std::ofstream(young) << "half";
  fs::last_write_time(old, fs::file_time_type::clock::now() - std::chrono::hours(25));
  EXPECT_EQ(must(made.store.sweep(std::chrono::hours(24))).removed, 1);
  EXPECT_FALSE(fs::exists(old));
  EXPECT_TRUE(fs::exists(young));
  EXPECT_EQ(must(read_all(made.store, "a", 10)), "x");
  EXPECT_EQ(must(made.store.list("", {})).objects.size(), 1U) << "what is half is not listed";
}

TEST(FolderStore, CannotHoldAFileAndAFolderOfOneName) {
  Made made;
  must(made.store.put("a", from_text("x"), {}));
  const auto inside = made.store.put("a/b", from_text("y"), {});
  ASSERT_FALSE(inside);
  EXPECT_EQ(inside.error().code, ErrorCode::kConflict);
  EXPECT_THAT(inside.error().message, HasSubstr("another name"));
  must(made.store.put("c/d", from_text("x"), {}));
  EXPECT_EQ(made.store.put("c", from_text("y"), {}).error().code, ErrorCode::kConflict);
  EXPECT_EQ(made.incoming(), 0U);
}

TEST(FolderStore, FoldersThatAreEmptyGoWithTheirLastObject) {
  Made made;
  must(made.store.put("a/b/c", from_text("x"), {}));
  must(made.store.put("a/d", from_text("x"), {}));
  must(made.store.remove("a/b/c"));
  EXPECT_FALSE(fs::exists(made.folder / "a/b"));
  must(made.store.remove("a/d"));
  EXPECT_FALSE(fs::exists(made.folder / "a"));
  EXPECT_TRUE(fs::exists(made.folder));
}

TEST(FolderStore, PassesOverFilesWhoseNamesAreNoKeys) {
  Made made;
  must(made.store.put("a", from_text("x"), {}));
  std::ofstream(made.folder / "b\nc") << "x";
  std::ofstream(made.folder / "b\xff") << "x";
  fs::create_directory(made.folder / "empty");
  const auto page = must(made.store.list("", {}));
  ASSERT_EQ(page.objects.size(), 1U);
  EXPECT_EQ(page.objects[0].key, "a");
}

TEST(FolderStore, ListsAFolderOfMoreThanItHoldsInMemory) {
  Made made;
  must(made.store.put("many/0", from_text(""), {}));
  for (int i = 1; i < 10'000; ++i) {
    ::close(::open((made.folder / "many" / std::to_string(i)).c_str(), O_CREAT | O_WRONLY, 0600));
  }
  std::string last;
  int count = 0;
  must(for_each(made.store, "", {}, [&](const ObjectInfo& object) -> Result<void> {
    EXPECT_LT(last, object.key);
    last = object.key;
    ++count;
    return {};
  }));
  EXPECT_EQ(count, 10'000);
}

TEST(FolderStore, ReadersKeepWhatTheyBegan) {
  Made made;
  const auto content = content_of(5 << 20);
  must(made.store.put("k", from_text(content), {}));
  std::string got;
  must(made.store.get("k", {}, [&](std::string_view piece) -> Result<void> {
    if (got.empty()) {
      must(made.store.put("k", from_text("new"), {}));
      must(made.store.remove("k"));
    }
    got += piece;
    return {};
  }));
  EXPECT_TRUE(got == content);
}

}  // namespace
}  // namespace vedette::blob
