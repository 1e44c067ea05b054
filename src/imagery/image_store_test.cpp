// Images as rows: with their job in one transaction, in step with it whatever becomes of it, the
// same bytes once, and gone as a whole.
#include "imagery/image_store.hpp"

#include <gmock/gmock.h>

#include <atomic>
#include <barrier>
#include <chrono>
#include <set>
#include <thread>

#include "imagery/image_changes.hpp"
#include "imagery/imagery_store_test.hpp"
#include "imagery/missions.hpp"

namespace vedette::imagery {
namespace {

using namespace std::chrono_literals;
using ::testing::HasSubstr;
using work::Ending;

class Images : public ImageryStore {
 protected:
  ErrorCode refused(const std::function<Result<void>(db::Session&)>& body) {
    const auto outcome = database().write(body);
    EXPECT_FALSE(outcome);
    return outcome ? ErrorCode::kInternal : outcome.error().code;
  }
  ErrorCode retry_refused(std::string_view id) {
    return refused([&](db::Session& s) { return retry_image(s, id); });
  }
  ErrorCode cancel_refused(std::string_view id) {
    return refused([&](db::Session& s) { return cancel_image(s, id); });
  }
  void retry(std::string_view id) {
    write([&](db::Session& s) { return retry_image(s, id); });
  }
  void cancel(std::string_view id) {
    write([&](db::Session& s) { return cancel_image(s, id); });
  }
  std::vector<std::string> remove(std::string_view id) {
    return write([&](db::Session& s) { return remove_image(s, id); });
  }
};

TEST_P(Images, ComeWithTheirJobOrNotAtAll) {
  NewImage field = image_of("a picture");
  field.position = ImagePosition{.latitude = 0, .longitude = -45.25, .altitude = 12.5};
  EXPECT_TRUE(add(field).is_new);
  const Image stored = image(field.id);
  EXPECT_EQ(stored.status, ImageStatus::kUploaded);
  EXPECT_EQ(stored.original_name, "field.jpg");
  EXPECT_EQ(stored.file_size, 9);
  ASSERT_TRUE(stored.position) << "latitude 0 is a position";
  EXPECT_EQ(stored.position->latitude, 0);
  EXPECT_EQ(stored.position->longitude, -45.25);
  EXPECT_EQ(stored.position->altitude, 12.5);
  EXPECT_EQ(job_of(field.id).key, field.id);
  EXPECT_EQ(job_of(field.id).state, work::JobState::kAvailable);
  // Nothing of one whose transaction fails.
  const NewImage lost = image_of("another");
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              VEDETTE_CHECK(add_image(s, lost, SystemClock{}.now()));
              return fail(ErrorCode::kConflict, "not this time");
            }),
            ErrorCode::kConflict);
  EXPECT_FALSE(find(lost.id));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM job"), 1);
  NewImage of_nowhere = image_of("third");
  of_nowhere.mission = new_uuid();
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              VEDETTE_CHECK(add_image(s, of_nowhere, SystemClock{}.now()));
              return {};
            }),
            ErrorCode::kNotFound);
}

TEST_P(Images, LieInTablesThatAreMissedWhenTheyAreGone) {
  const auto steps = steps_of_images();
  EXPECT_TRUE(must(db::missing(database(), steps)).is_none());
  run("DROP TABLE stress_zones");
  EXPECT_EQ(must(db::missing(database(), steps)).things,
            std::vector<std::string>{"table stress_zones"});
}

TEST_P(Images, TheSameBytesAreOneImage) {
  const std::string first = add("same");
  NewImage again = image_of("same", "another-name.jpg");
  const AddedImage added = add(again);
  EXPECT_FALSE(added.is_new);
  EXPECT_EQ(added.id, first);
  EXPECT_FALSE(find(again.id));
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM job"), 1);
  const auto known = read(
      [&](db::Session& s) { return known_digests(s, {sha256_hex("same"), sha256_hex("other")}); });
  ASSERT_EQ(known.size(), 1U);
  EXPECT_EQ(known.front().id, first);
  remove(first);
  EXPECT_TRUE(add(again).is_new) << "what was removed may come again";
}

TEST_P(Images, TenAtOnceWithTheSameBytesAreOneImageAndOneJob) {
  std::barrier start(10);
  std::atomic<int> fresh = 0;
  std::vector<std::jthread> clients;
  for (int i = 0; i < 10; ++i) {
    clients.emplace_back([&] {
      start.arrive_and_wait();
      if (add(image_of("same")).is_new) ++fresh;
    });
  }
  clients.clear();
  EXPECT_EQ(fresh, 1);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM images"), 1);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM job"), 1);
}

TEST_P(Images, AreInStepWithTheirJobWhoeverChangesIt) {
  const std::string id = add("a picture");
  auto job = claim();
  ASSERT_TRUE(job);
  EXPECT_EQ(image(id).status, ImageStatus::kProcessing);
  end(*job, Ending::Kind::kGivenBack);
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  job = claim();
  end(*job, Ending::Kind::kFailed, "The store is away.");
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  EXPECT_EQ(image(id).error, "The store is away.") << "why it waits";
  write([&](db::Session& s) { return work::retry_job(s, job->id); });
  job = claim();
  EXPECT_EQ(image(id).error, "");
  end(*job, Ending::Kind::kDiscarded, "The file is cut off.");
  EXPECT_EQ(image(id).status, ImageStatus::kFailed);
  EXPECT_EQ(image(id).error, "The file is cut off.");
  EXPECT_TRUE(image(id).processed_at);
  // On the Operations page, or with `vedette queue`.
  write([&](db::Session& s) { return work::retry_job(s, job->id); });
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  write([&](db::Session& s) { return work::cancel_job(s, job->id); });
  EXPECT_EQ(image(id).status, ImageStatus::kFailed);
  EXPECT_THAT(image(id).error, HasSubstr("cancelled"));
}

TEST_P(Images, OfAProcessThatDiedAreTakenUpAgainOrFailed) {
  const std::string id = add("a picture");
  const auto die = [&] {
    ASSERT_TRUE(claim());
    write([&](db::Session& s) {
      return work::rescue_jobs(s, std::string(work::kWorkerLease) + "north", "north:1", {}, 2);
    });
  };
  die();
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  die();
  EXPECT_EQ(image(id).status, ImageStatus::kFailed) << "it is what kills them, most likely";
  EXPECT_FALSE(image(id).error.empty());
}

TEST_P(Images, AreTriedAgainAndCancelledOnlyWhenThatMeansSomething) {
  const std::string id = add("a picture");
  EXPECT_EQ(retry_refused(id), ErrorCode::kConflict) << "it waits already";
  cancel(id);
  EXPECT_EQ(image(id).status, ImageStatus::kFailed);
  EXPECT_EQ(cancel_refused(id), ErrorCode::kConflict);
  retry(id);
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  EXPECT_EQ(image(id).error, "");
  auto job = claim();
  EXPECT_EQ(retry_refused(id), ErrorCode::kConflict) << "it is worked on";
  cancel(id);
  EXPECT_EQ(image(id).status, ImageStatus::kProcessing) << "until its worker has stopped";
  EXPECT_TRUE(job_of(id).is_cancelling);
  end(*job, Ending::Kind::kGivenBack);
  EXPECT_EQ(image(id).status, ImageStatus::kFailed);
  // Its job's row is kept for a while only.
  run("DELETE FROM job");
  retry(id);
  EXPECT_EQ(job_of(id).state, work::JobState::kAvailable);
  EXPECT_NE(job_of(id).id, job->id);
  for (const std::string& nobody : {new_uuid(), std::string("nobody"), std::string()}) {
    EXPECT_EQ(retry_refused(nobody), ErrorCode::kNotFound) << nobody;
    EXPECT_EQ(cancel_refused(nobody), ErrorCode::kNotFound) << nobody;
    EXPECT_FALSE(find(nobody));
  }
}

TEST_P(Images, AreRemovedAsAWholeAtEveryMoment) {
  const std::string waiting = add("one");
  const std::string running = add("two");
  run("UPDATE job SET rank = $1 WHERE unique_key = $2", {from_micros(0), running});
  const auto job = claim();
  ASSERT_TRUE(job);
  ASSERT_EQ(image(running).status, ImageStatus::kProcessing);
  run("INSERT INTO image_product (image_id, name, kind, blob_key, content_type, size, sha256) "
      "VALUES ($1, 'ndvi.png', 'index_png', 'products/x', 'image/png', 3, 'ab')",
      {running});
  for (const std::string& id : {waiting, running}) {
    const std::string key = image(id).blob_key;
    const auto keys = remove(id);
    EXPECT_THAT(keys, ::testing::Contains(key));
    EXPECT_EQ(keys.size(), id == running ? 2U : 1U);
    EXPECT_FALSE(find(id));
  }
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM image_product"), 0);
  EXPECT_EQ(one<std::int64_t>("SELECT count(*) FROM job WHERE state = 'available'"), 0);
  EXPECT_FALSE(claim()) << "nobody begins what is gone";
  EXPECT_TRUE(read([&](db::Session& s) { return work::job(s, job->id); })->is_cancelling);
  EXPECT_EQ(refused([&](db::Session& s) -> Result<void> {
              VEDETTE_CHECK(remove_image(s, running));
              return {};
            }),
            ErrorCode::kNotFound);
}

TEST_P(Images, AreFollowedByWhoeverWatchesTheList) {
  auto mark = read(changes_mark);
  const auto look = [&] {
    auto changes = read([&](db::Session& s) { return changes_since(s, mark, 3); });
    mark = changes.mark;
    return changes;
  };
  const auto ids_of = [](const ImageChanges& changes) {
    std::set<std::string> ids;
    for (const Image& one : changes.changed) ids.insert(one.id);
    return ids;
  };
  EXPECT_TRUE(look().changed.empty());
  const std::string first = add("one");
  const std::string second = add("two");
  auto changes = look();
  EXPECT_EQ(ids_of(changes), (std::set{first, second}));
  EXPECT_EQ(changes.counts.uploaded, 2);
  EXPECT_TRUE(look().changed.empty()) << "nothing happened in between";
  ASSERT_TRUE(claim());
  changes = look();
  EXPECT_EQ(ids_of(changes), std::set{first});
  EXPECT_EQ(changes.counts.processing, 1);
  remove(second);
  changes = look();
  ASSERT_EQ(changes.removed.size(), 1U);
  EXPECT_EQ(changes.removed.front().id, second);
  for (const char* more : {"a", "b", "c", "d"}) add(more);
  changes = look();
  EXPECT_TRUE(changes.is_more) << "too many: the list is read anew";
  EXPECT_EQ(changes.counts.total(), 5);
  EXPECT_EQ(look().is_more, false);
  write([&](db::Session& s) { return prune_removed(s, SystemClock{}.now() + 1h); });
  const std::string last = add("e");
  EXPECT_EQ(look().changed.size(), 1U) << "numbers go on";
  remove(last);
  EXPECT_EQ(look().removed.size(), 1U) << "also of the one that changed last";
}

// On PostgreSQL a transaction that began earlier may commit later.
TEST_P(Images, ThatCommitLateAreNotMissed) {
  if (is_sqlite()) GTEST_SKIP() << "writers take turns there";
  auto mark = read(changes_mark);
  const NewImage slow = image_of("slow");
  std::barrier step(2);
  std::jthread writer([&] {
    write([&](db::Session& s) -> Result<void> {
      VEDETTE_CHECK(add_image(s, slow, SystemClock{}.now()));
      step.arrive_and_wait();
      step.arrive_and_wait();
      return {};
    });
  });
  step.arrive_and_wait();
  const std::string quick = add("quick");
  auto changes = read([&](db::Session& s) { return changes_since(s, mark, 10); });
  ASSERT_EQ(changes.changed.size(), 1U);
  EXPECT_EQ(changes.changed.front().id, quick);
  mark = changes.mark;
  step.arrive_and_wait();
  writer.join();
  changes = read([&](db::Session& s) { return changes_since(s, mark, 10); });
  std::set<std::string> ids;
  for (const Image& one : changes.changed) ids.insert(one.id);
  EXPECT_TRUE(ids.contains(slow.id));
}

TEST_P(Images, BelongToMissions) {
  const Mission spring{.id = {},
                       .name = "North field, spring",
                       .description = "wheat",
                       .start_time = from_rfc3339("2026-04-01T08:00:00Z"),
                       .end_time = {},
                       .created_at = {},
                       .images = {}};
  const std::string mission =
      write([&](db::Session& s) { return add_mission(s, spring, SystemClock{}.now()); });
  NewImage field = image_of("a picture");
  field.mission = mission;
  add(field);
  auto found = read([&](db::Session& s) { return find_mission(s, mission); });
  ASSERT_TRUE(found);
  EXPECT_EQ(found->name, spring.name);
  EXPECT_EQ(found->start_time, spring.start_time);
  EXPECT_EQ(found->images.uploaded, 1);
  EXPECT_EQ(read(missions).size(), 1U);
  write([&](db::Session& s) { return move_image(s, field.id, std::nullopt); });
  EXPECT_EQ(image(field.id).mission, std::nullopt);
  write([&](db::Session& s) { return move_image(s, field.id, mission); });
  EXPECT_EQ(refused([&](db::Session& s) { return move_image(s, field.id, new_uuid()); }),
            ErrorCode::kNotFound);
  found->name = "South field";
  write([&](db::Session& s) { return replace_mission(s, *found); });
  found->end_time = from_rfc3339("2026-03-01T08:00:00Z");
  EXPECT_EQ(refused([&](db::Session& s) { return replace_mission(s, *found); }),
            ErrorCode::kInvalid);
  write([&](db::Session& s) { return remove_mission(s, mission); });
  EXPECT_EQ(image(field.id).mission, std::nullopt) << "images stay";
  EXPECT_EQ(refused([&](db::Session& s) { return remove_mission(s, mission); }),
            ErrorCode::kNotFound);
}

VEDETTE_ON_BOTH_DATABASES(Images);

// What the original's operators look at, as its guide has it.
class Monitoring : public ImageryStore {
 protected:
  // Tables of the original program with a row each, as its scripts make them.
  void prepare() override {
    if (is_sqlite()) return;
    must(database().write([](db::Session& s) {
      return s.script(R"sql(
CREATE TABLE public.missions (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), name varchar(255) NOT NULL, description text,
  start_time timestamp, end_time timestamp, status varchar(50) DEFAULT 'active', created_at timestamp DEFAULT now());
CREATE TABLE public.images (id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  mission_id uuid REFERENCES public.missions (id) ON DELETE SET NULL, filename varchar(255) NOT NULL,
  original_name varchar(255), file_path text, s3_url text, s3_key text, s3_stored boolean DEFAULT false, file_size integer,
  mime_type varchar(100), captured_at timestamp, uploaded_at timestamp DEFAULT now(), created_at timestamp DEFAULT now(),
  updated_at timestamp DEFAULT now(), processing_status varchar(50) DEFAULT 'uploaded', processed_at timestamp);
CREATE TABLE public.image_gps (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), image_id uuid UNIQUE REFERENCES public.images (id)
  ON DELETE CASCADE, latitude numeric(10,8), longitude numeric(11,8), altitude numeric(10,2), accuracy numeric(10,2),
  heading numeric(5,2), ground_speed numeric(8,2), speed numeric(8,2), captured_at timestamp);
CREATE TABLE public.analyses (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), image_id uuid UNIQUE REFERENCES public.images (id)
  ON DELETE CASCADE, ndvi_mean numeric(5,3), ndvi_std numeric(5,3), ndvi_min numeric(5,3), ndvi_max numeric(5,3),
  savi_mean numeric(5,3), savi_std numeric(5,3), savi_min numeric(5,3), savi_max numeric(5,3), gndvi_mean numeric(5,3),
  gndvi_std numeric(5,3), gndvi_min numeric(5,3), gndvi_max numeric(5,3), health_score numeric(5,2), health_status varchar(50),
  summary text, analysis_type varchar(100), model_version varchar(100), confidence numeric(5,2), created_at timestamp DEFAULT now());
CREATE TABLE public.stress_zones (id uuid PRIMARY KEY DEFAULT gen_random_uuid(), analysis_id uuid REFERENCES public.analyses (id)
  ON DELETE CASCADE, grid_x integer, grid_y integer, severity numeric(5,2), ndvi_value numeric(5,3), savi_value numeric(5,3),
  gndvi_value numeric(5,3), UNIQUE (analysis_id, grid_x, grid_y));
INSERT INTO public.images (id, filename, original_name, processing_status)
  VALUES ('11111111-2222-4333-8444-555555555555', 'old.jpg', 'old.jpg', 'completed');
INSERT INTO public.image_gps (image_id, latitude, longitude) VALUES ('11111111-2222-4333-8444-555555555555', -8.30396, 115.48416);
INSERT INTO public.analyses (image_id, ndvi_mean, health_status) VALUES ('11111111-2222-4333-8444-555555555555', 0.412, 'moderate');
)sql");
    }));
  }
};

TEST_P(Monitoring, SqlOfTheOriginalRunsUnchanged) {
  if (is_sqlite()) GTEST_SKIP() << "the original knows PostgreSQL alone";
  const std::string id = add("a picture");
  for (const char* sql :
       {"SELECT processing_status, COUNT(*) FROM images GROUP BY processing_status",
        "SELECT id, filename, processing_status, uploaded_at FROM public.images ORDER BY "
        "uploaded_at DESC LIMIT 10",
        "SELECT i.filename, a.ndvi_mean, a.health_score, a.health_status FROM public.images i JOIN "
        "public.analyses a ON i.id = a.image_id ORDER BY i.processed_at DESC",
        "SELECT AVG(EXTRACT(EPOCH FROM (processed_at - uploaded_at))) FROM public.images WHERE "
        "processing_status = 'completed'",
        "SELECT filename FROM public.images WHERE processing_status = 'processing' AND updated_at "
        "< NOW() - INTERVAL '10 minutes'",
        "SELECT i.filename, g.latitude, g.longitude FROM public.images i LEFT JOIN "
        "public.image_gps g ON g.image_id = i.id",
        "SELECT grid_x, grid_y, severity FROM public.stress_zones z JOIN public.analyses a ON "
        "a.id = z.analysis_id ORDER BY severity DESC"}) {
    EXPECT_TRUE(database().read([&](db::Session& s) { return s.query(sql); })) << sql;
  }
  const Image old = image("11111111-2222-4333-8444-555555555555");
  EXPECT_EQ(old.status, ImageStatus::kCompleted);
  ASSERT_TRUE(old.figures);
  EXPECT_EQ(old.figures->ndvi.mean, 0.412);
  EXPECT_EQ(old.figures->health_status, "moderate");
  ASSERT_TRUE(old.position);
  EXPECT_NEAR(old.position->latitude, -8.30396, 1e-8);
  EXPECT_EQ(image(id).status, ImageStatus::kUploaded);
  write([&](db::Session& s) { return retry_image(s, old.id); });
  EXPECT_EQ(job_of(old.id).state, work::JobState::kAvailable) << "it can be analysed here";
}

VEDETTE_ON_BOTH_DATABASES(Monitoring);

}  // namespace
}  // namespace vedette::imagery
