// What a person may choose from: folders and recordings within the allowed folders, whatever way is
// tried to lead out of them.
#include "media/folder_listing.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>

#include "media/test_samples.hpp"

namespace vedette::media {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class FolderListingTest : public testing::Test {
 protected:
  std::string at(const std::string& name = "") const {
    return name.empty() ? folder_.path().string() : (folder_.path() / name).string();
  }
  void file(const std::string& name, std::string_view content = "x") const {
    fs::create_directories((folder_.path() / name).parent_path());
    folder_.write(name, content);
  }
  static std::vector<std::string> names(const Result<FolderListing>& listing) {
    std::vector<std::string> all;
    if (!listing) return {listing.error().message};
    for (const FolderEntry& entry : listing->entries)
      all.push_back(entry.is_folder ? entry.name + "/" : entry.name);
    return all;
  }
  static ErrorCode code_of(const Result<FolderListing>& listing) {
    return listing ? ErrorCode::kInternal : listing.error().code;
  }

  TestFolder folder_;
};

TEST_F(FolderListingTest, NamesFoldersFirstThenRecordingsAsPeopleCount) {
  for (const char* name : {"clip10.mp4", "clip2.MP4", "b/x.avi", "A/x.avi", ".hidden/x.mp4",
                           "lost+found/x.mp4", ".part.mp4", "notes.txt", "clip2.jpg"})
    file(name);
  file("clip2.MP4", "twelve bytes");
  const auto listing = list_folder(at(), {});
  EXPECT_THAT(names(listing), ElementsAre("A/", "b/", "clip2.MP4", "clip10.mp4"));
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->folder, at());
  EXPECT_EQ(listing->parent, folder_.path().parent_path().string());
  EXPECT_EQ(listing->others, 2U) << "notes.txt and clip2.jpg";
  EXPECT_FALSE(listing->is_cut);
  const FolderEntry& clip = listing->entries[2];
  EXPECT_EQ(clip.path, at("clip2.MP4"));
  EXPECT_EQ(clip.bytes, 12);
  EXPECT_TRUE(clip.changed_at);
  EXPECT_EQ(clip.problem, "");
  EXPECT_FALSE(listing->entries[0].bytes);
  fs::create_directory(at("empty"));
  EXPECT_THAT(names(list_folder(at("empty"), {})), IsEmpty());
}

TEST_F(FolderListingTest, TellsNothingOutsideOfTheAllowedFolders) {
  file("in/a.mp4");
  file("in/sub/b.mp4");
  file("inner/c.mp4");
  file("out/secret.mp4");
  const std::vector<std::string> allowed{at("in")};
  for (const std::string& way :
       {at("out"), at("inner"), at(""), at("in/.."), at("in/../out"), at("in/sub/../../out"),
        at("in/./../out/."), at("in//..//out/"), at("out/nowhere"), std::string("/"),
        std::string("//"), std::string("/etc"), std::string("/proc/self/cwd")}) {
    EXPECT_EQ(code_of(list_folder(way, allowed)), ErrorCode::kForbidden) << way;
  }
  const auto message = list_folder(at("out"), allowed).error().message;
  EXPECT_THAT(message, HasSubstr("watch.file_folders"));
  EXPECT_EQ(list_folder(at("out/nowhere"), allowed).error().message,
            "The folder " + at("out/nowhere") + message.substr(message.find(" is not among")))
      << "whether it is there is not told";
  EXPECT_THAT(names(list_folder(at("in/sub/.."), allowed)), ElementsAre("sub/", "a.mp4"));
  const auto top = list_folder(at("in/"), allowed);
  ASSERT_TRUE(top);
  EXPECT_EQ(top->folder, at("in"));
  EXPECT_EQ(top->parent, "") << "above it nothing may be read";
  EXPECT_EQ(list_folder(at("in/sub"), allowed)->parent, at("in"));
}

TEST_F(FolderListingTest, FollowsALinkOnlyWhereItStaysInside) {
  file("in/a.mp4");
  file("in/sub/b.mp4");
  file("out/secret.mp4");
  fs::create_directory_symlink(at("out"), at("in/way-out"));
  fs::create_directory_symlink(at("in/sub"), at("in/way-in"));
  fs::create_symlink(at("out/secret.mp4"), at("in/linked.mp4"));
  fs::create_symlink(at("in/sub/b.mp4"), at("in/same.mp4"));
  fs::create_symlink(at("in/gone.mp4"), at("in/dangling.mp4"));
  fs::create_directory_symlink(at("in/round"), at("in/round"));
  const std::vector<std::string> allowed{at("in")};
  EXPECT_THAT(names(list_folder(at("in"), allowed)),
              ElementsAre("sub/", "way-in/", "a.mp4", "same.mp4"));
  EXPECT_THAT(names(list_folder(at("in/way-in"), allowed)), ElementsAre("b.mp4"));
  EXPECT_EQ(code_of(list_folder(at("in/way-out"), allowed)), ErrorCode::kForbidden);
  EXPECT_EQ(code_of(list_folder(at("in/way-in/.."), allowed)), ErrorCode::kInternal)
      << ".. is what stands before it in the path";
  // An allowed folder may itself be a link.
  EXPECT_THAT(names(list_folder(at("in/way-out"), {at("in/way-out")})), ElementsAre("secret.mp4"));
  EXPECT_FALSE(list_folder(at("in/round"), {}));
}

TEST_F(FolderListingTest, BeginsAtTheAllowedFolders) {
  file("one/a.mp4");
  file("two/b.mp4");
  const auto several = list_folder("", {at("one"), at("two/"), at("gone")});
  EXPECT_THAT(names(several), ElementsAre(at("one") + "/", at("two") + "/", at("gone") + "/"));
  ASSERT_TRUE(several);
  EXPECT_EQ(several->folder, "");
  EXPECT_EQ(several->entries[1].path, at("two"));
  EXPECT_THAT(several->entries[2].problem, HasSubstr("not there"));
  EXPECT_THAT(names(list_folder("", {at("one")})), ElementsAre("a.mp4"));
  const auto root = list_folder("", {});
  ASSERT_TRUE(root);
  EXPECT_EQ(root->folder, "/");
  EXPECT_EQ(root->parent, "");
  for (const FolderEntry& entry : root->entries) {
    EXPECT_EQ(entry.path, "/" + entry.name);
    EXPECT_NE(entry.path, "/proc");
  }
}

TEST_F(FolderListingTest, SaysWhatIsWrongWithAFolder) {
  file("clip.mp4");
  EXPECT_EQ(code_of(list_folder("clips", {})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(list_folder("~", {})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(list_folder(std::string_view("/tmp\0x", 6), {})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(list_folder("/tmp/\xff", {})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(list_folder("/" + std::string(5000, 'a'), {})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(list_folder("/" + std::string(300, 'a'), {})), ErrorCode::kInvalid);
  EXPECT_EQ(code_of(list_folder(at("nowhere"), {})), ErrorCode::kNotFound);
  EXPECT_EQ(code_of(list_folder(at("clip.mp4"), {})), ErrorCode::kInvalid);
  EXPECT_THAT(list_folder(at("clip.mp4"), {}).error().message, HasSubstr("a file, not a folder"));
}

TEST_F(FolderListingTest, OddNamesAndWhatIsNoFileDoNotHurt) {
  file("a\nb.mp4");
  file("\"quoted\" ;%.mp4");
  file("bad\xff.mp4");
  file("blank.mp4 ");
  fs::create_directory(at("folder.mp4"));
  fs::create_directory(at("trail "));
  ASSERT_EQ(mkfifo(at("pipe.mp4").c_str(), 0600), 0);
  const auto listing = list_folder(at(), {});
  EXPECT_THAT(names(listing),
              ElementsAre("folder.mp4/", "trail /", "\"quoted\" ;%.mp4", "a\nb.mp4"));
  ASSERT_TRUE(listing);
  EXPECT_THAT(listing->entries[1].problem, HasSubstr("blank"));
  EXPECT_EQ(listing->others, 3U) << "not UTF-8, a pipe, an unknown ending";
}

TEST_F(FolderListingTest, AHugeFolderIsGivenInPartAndSaysSo) {
  for (int i = 0; i < 1'500; ++i) file("clip" + std::to_string(i) + ".mp4");
  fs::create_directory(at("zz"));
  const auto listing = list_folder(at(), {});
  ASSERT_TRUE(listing);
  EXPECT_EQ(listing->entries.size(), kMostEntriesGiven);
  EXPECT_TRUE(listing->is_cut);
  EXPECT_EQ(listing->entries[0].name, "zz");
  EXPECT_EQ(listing->entries[999].name, "clip998.mp4") << "the first of all, not those found first";
}

// As somebody who is not root, whom no permission holds back.
class AsNobody {
 public:
  AsNobody() {
    if (is_root_) is_changed_ = seteuid(65534) == 0;
  }
  ~AsNobody() {
    if (is_changed_ && seteuid(0) != 0) std::abort();
  }
  AsNobody(const AsNobody&) = delete;
  AsNobody& operator=(const AsNobody&) = delete;
  bool is_held_back() const { return !is_root_ || is_changed_; }

 private:
  bool is_root_ = geteuid() == 0;
  bool is_changed_ = false;
};

TEST_F(FolderListingTest, WhatMayNotBeReadIsNamedAndSaysSo) {
  file("closed/a.mp4");
  file("listed/b.mp4");
  file("mine.mp4");
  ASSERT_EQ(chmod(at().c_str(), 0755), 0);
  ASSERT_EQ(chmod(at("closed").c_str(), 0), 0);
  ASSERT_EQ(chmod(at("listed").c_str(), 0444), 0);
  ASSERT_EQ(chmod(at("mine.mp4").c_str(), 0), 0);
  {
    const AsNobody nobody;
    if (!nobody.is_held_back()) GTEST_SKIP() << "root may read everything";
    const auto listing = list_folder(at(), {});
    EXPECT_THAT(names(listing), ElementsAre("closed/", "listed/", "mine.mp4"));
    ASSERT_TRUE(listing);
    for (const FolderEntry& entry : listing->entries)
      EXPECT_THAT(entry.problem, HasSubstr("permissions")) << entry.name;
    EXPECT_EQ(code_of(list_folder(at("closed"), {})), ErrorCode::kForbidden);
    EXPECT_THAT(list_folder(at("closed"), {}).error().message, HasSubstr("permissions"));
    // Its names may be read, and no more.
    const auto half = list_folder(at("listed"), {});
    ASSERT_TRUE(half);
    for (const FolderEntry& entry : half->entries) EXPECT_NE(entry.problem, "");
  }
  ASSERT_EQ(chmod(at("closed").c_str(), 0755), 0);
  ASSERT_EQ(chmod(at("listed").c_str(), 0755), 0);
}

}  // namespace
}  // namespace vedette::media
