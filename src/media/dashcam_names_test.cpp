// Front and rear files as dashcams name them.
#include "media/dashcam_names.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

namespace vedette::media {
namespace {

using Paths = std::vector<std::string>;

Paths kept(Paths paths) {
  const std::size_t before = paths.size();
  const std::size_t left_out = keep_front_camera(paths);
  EXPECT_EQ(paths.size() + left_out, before);
  return paths;
}

TEST(DashcamNames, TheFrontCameraIsTheRecordWhereBothStandThere) {
  const std::vector<std::pair<Paths, Paths>> folders{
      // Viofo: numbers go on from camera to camera; parking; a third one inside.
      {{"/c/Movie/20260101120000_000001F.MP4", "/c/Movie/20260101120000_000002R.MP4",
        "/c/Movie/20260101120301_000003PF.MP4", "/c/Movie/20260101120302_000004PR.MP4",
        "/c/Movie/20260101120000_000005I.MP4"},
       {"/c/Movie/20260101120000_000001F.MP4", "/c/Movie/20260101120301_000003PF.MP4"}},
      // BlackVue.
      {{"/c/20260101_120000_NF.mp4", "/c/20260101_120000_NR.mp4", "/c/20260101_120100_EF.mp4",
        "/c/20260101_120100_ER.mp4", "/c/20260101_120200_NR.mp4"},
       {"/c/20260101_120000_NF.mp4", "/c/20260101_120100_EF.mp4"}},
      // Thinkware, and the like.
      {{"/c/REC_2026_01_01_12_00_00_F.MP4", "/c/REC_2026_01_01_12_00_00_R.MP4"},
       {"/c/REC_2026_01_01_12_00_00_F.MP4"}},
      // 70mai: a folder for each camera too.
      {{"/c/Normal/Front/NO20260101-120000-000001F.MP4",
        "/c/Normal/Back/NO20260101-120000-000001B.MP4"},
       {"/c/Normal/Front/NO20260101-120000-000001F.MP4"}},
      {{"/c/Front/0001.mp4", "/c/Rear/0001.mp4", "/c/Front/0002.mp4"},
       {"/c/Front/0001.mp4", "/c/Front/0002.mp4"}},
      // Nextbase: a small copy of each as well.
      {{"/c/260101_120000_001_FH.MP4", "/c/260101_120000_001_FL.MP4",
        "/c/260101_120000_001_RH.MP4"},
       {"/c/260101_120000_001_FH.MP4"}},
      // Tesla.
      {{"/c/2026-01-01_12-00-00-back.mp4", "/c/2026-01-01_12-00-00-front.mp4",
        "/c/2026-01-01_12-00-00-left_repeater.mp4", "/c/2026-01-01_12-00-00-right_repeater.mp4"},
       {"/c/2026-01-01_12-00-00-front.mp4"}},
      {{"/c/clip_B.avi", "/c/clip_F.avi"}, {"/c/clip_F.avi"}}};
  for (const auto& [paths, front] : folders) EXPECT_EQ(kept(paths), front) << paths.front();
}

TEST(DashcamNames, WhatWasNotRecordedTogetherIsAllRead) {
  const std::vector<Paths> folders{
      {"/c/20260101_120000_NR.mp4", "/c/20260101_120100_NR.mp4"},  // the rear one alone
      {"/c/20260101_120000_NF.mp4", "/c/20260101_120100_NR.mp4"},  // a minute apart
      {"/c/part_A.mp4", "/c/part_B.mp4", "/c/part_C.mp4", "/c/part_F.mp4"},
      {"/c/gate1a.mp4", "/c/gate1b.mp4", "/c/gate1f.mp4"},
      {"/c/surf.mp4", "/c/sure.mp4", "/c/surr.mp4"},  // words that end so
      {"/c/GX010001.MP4", "/c/GX020001.MP4"},
      {"/c/one/clip_F.avi", "/c/two/clip_B.avi"},  // other places
      {"/c/Back/0001.mp4", "/c/Back/0002.mp4"},
      {"/c/f.mp4", "/c/r.mp4", "r.mp4", ".mp4", ""}};
  for (const Paths& paths : folders) EXPECT_EQ(kept(paths), paths) << paths.front();
}

TEST(DashcamNames, EachPlaceIsLookedAtByItself) {
  EXPECT_EQ(kept({"/c/car/0001F.mp4", "/c/car/0001R.mp4", "/c/gate/north_R.mp4"}),
            (Paths{"/c/car/0001F.mp4", "/c/gate/north_R.mp4"}));
}

RC_GTEST_PROP(DashcamNames, NoNameIsTooOddAndTheFrontStays, ()) {
  const auto piece =
      rc::gen::element<std::string>("/", "Front", "Back", "_", "-", "F", "R", "a", "0001",
                                    "20260101120000", "front", "rear", ".mp4", ".", " ");
  Paths paths;
  for (int i = 0; i < 6; ++i) {
    std::string path;
    for (const auto& part : *rc::gen::container<std::vector<std::string>>(piece)) path += part;
    paths.push_back(std::move(path));
  }
  const Paths left = kept(paths);
  for (const std::string& path : paths) {
    const auto mark = camera_mark(path);
    const bool is_left = std::ranges::find(left, path) != left.end();
    RC_ASSERT(is_left || (mark && !mark->is_front));
  }
}

}  // namespace
}  // namespace vedette::media
