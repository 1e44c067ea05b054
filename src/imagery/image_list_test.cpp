// Pages of images: every image once, in order, whatever is added meanwhile; filters; ten thousand.
#include "imagery/image_list.hpp"

#include <gmock/gmock.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "imagery/imagery_store_test.hpp"

namespace vedette::imagery {
namespace {

using namespace std::chrono_literals;

class ImageList : public ImageryStore {
 protected:
  void add_many(int count) {
    const Instant now = SystemClock{}.now();
    write([&](db::Session& s) -> Result<void> {
      for (int i = 0; i < count; ++i) {
        // Several of one instant each.
        VEDETTE_CHECK(add_image(s, image_of(fmt::format("{}", i), fmt::format("IMG_{:05}.jpg", i)),
                                now + std::chrono::seconds(i / 3)));
      }
      return {};
    });
  }
  std::vector<Image> all_of(const ImageFilter& filter, int limit) {
    std::vector<Image> all;
    std::optional<ImagePlace> after;
    for (;;) {
      auto page = read([&](db::Session& s) { return images(s, filter, limit, after); });
      for (Image& one : page.images) all.push_back(std::move(one));
      if (!page.has_more) return all;
      after = ImagePlace{all.back().uploaded_at, all.back().id};
    }
  }
};

TEST_P(ImageList, GivesEveryImageOnceNewestFirst) {
  add_many(23);
  for (const int limit : {1, 7, 23, 100}) {
    const auto all = all_of({}, limit);
    ASSERT_EQ(all.size(), 23U) << limit;
    std::set<std::string> ids;
    for (const Image& one : all) ids.insert(one.id);
    EXPECT_EQ(ids.size(), 23U);
    EXPECT_TRUE(std::ranges::is_sorted(all, std::greater<>(), &Image::uploaded_at));
  }
}

TEST_P(ImageList, Filters) {
  add_many(5);
  auto job = claim();
  ASSERT_TRUE(job);
  end(*job, work::Ending::Kind::kDiscarded, "Cut off.");
  EXPECT_EQ(all_of({.statuses = {"failed"}}, 10).size(), 1U);
  EXPECT_EQ(all_of({.statuses = {"failed", "uploaded"}}, 10).size(), 5U);
  EXPECT_EQ(all_of({.search = "img_00003"}, 10).size(), 1U) << "regardless of case";
  EXPECT_EQ(all_of({.search = "%"}, 10).size(), 0U) << "as text, not as a pattern";
  EXPECT_EQ(all_of({.has_position = true}, 10).size(), 0U);
  EXPECT_EQ(all_of({.has_analysis = false}, 10).size(), 5U);
  EXPECT_EQ(all_of({.missions = {new_uuid()}}, 10).size(), 0U);
  const auto counts = read([](db::Session& s) { return count_by_status(s); });
  EXPECT_EQ(counts.uploaded, 4);
  EXPECT_EQ(counts.failed, 1);
  EXPECT_EQ(counts.total(), 5);
}

TEST_P(ImageList, PagesByNumberInAnyOrder) {
  add_many(10);
  const auto page = [&](const ImageOrder& order, std::int64_t offset) {
    return read([&](db::Session& s) { return images_at(s, {}, order, 4, offset); });
  };
  EXPECT_EQ(page({}, 0).size(), 4U);
  EXPECT_EQ(page({}, 8).size(), 2U);
  EXPECT_EQ(page({}, 80).size(), 0U);
  const auto by_name = page({.column = "filename", .is_descending = false}, 0);
  EXPECT_TRUE(std::ranges::is_sorted(by_name, {}, &Image::filename));
  EXPECT_EQ(page({.column = "health_score", .is_descending = true}, 0).size(), 4U);
  EXPECT_EQ(read([](db::Session& s) { return count_images(s, {}); }), 10);
}

// What the list page asks costs by the page, not by the number of images: no plan walks them all.
TEST_P(ImageList, OfTenThousandIsReadByAnIndex) {
  add_many(300);
  run("ANALYZE");
  const auto plan_of = [&](const std::string& sql) {
    return read([&](db::Session& s) -> Result<std::string> {
      // So few rows are read whole, whatever the index.
      if (!is_sqlite()) {
        VEDETTE_CHECK(
            s.query("SELECT set_config('enable_seqscan', 'off', true), "
                    "set_config('enable_sort', 'off', true)"));
      }
      VEDETTE_TRY(lines, s.query((is_sqlite() ? "EXPLAIN QUERY PLAN " : "EXPLAIN ") + sql));
      std::string plan;
      for (const db::Row row : lines) {
        plan += row.get<std::string>(is_sqlite() ? "detail" : "QUERY PLAN") + "\n";
      }
      return plan;
    });
  };
  const std::string list = fmt::format("SELECT {} {}", image_columns(), image_tables());
  const char* order = " ORDER BY i.uploaded_at DESC, i.id DESC LIMIT 100";
  for (const std::string& where :
       {std::string(" WHERE i.capture_of IS NULL"),
        std::string(" WHERE i.capture_of IS NULL AND i.processing_status IN ('failed')")}) {
    const std::string plan = plan_of(list + where + order);
    for (const char* whole : {"SCAN i\n", "TEMP B-TREE", "Seq Scan on images", "Sort"}) {
      EXPECT_THAT(plan, ::testing::Not(::testing::HasSubstr(whole))) << plan;
    }
  }
}

VEDETTE_ON_BOTH_DATABASES(ImageList);

}  // namespace
}  // namespace vedette::imagery
