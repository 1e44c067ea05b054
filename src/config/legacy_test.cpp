// The names of the original programs.
#include <gmock/gmock.h>

#include <algorithm>

#include "config/load.hpp"

namespace vedette::config {
namespace {

using testing::HasSubstr;

Inputs bare() {
  Inputs inputs;
  inputs.environment = {{"HOME", "/home/ann"}};
  inputs.working_dir = "/srv";
  return inputs;
}

Loaded loaded(const Inputs& inputs) {
  auto result = parse_settings(inputs);
  EXPECT_TRUE(result) << (result ? "" : result.error().message);
  return result ? *std::move(result) : Loaded{};
}

Effective effective(const Loaded& all, std::string_view name) {
  const auto found = std::ranges::find(all.effective, name, &Effective::name);
  return found == all.effective.end() ? Effective{} : *found;
}

TEST(Legacy, DatabaseNamesMakeTheUrlWhenNothingElseDoes) {
  auto inputs = bare();
  inputs.environment.insert({{"DB_HOST", "db.example"},
                             {"DB_NAME", "traffic"},
                             {"DB_USER", "ann"},
                             {"DB_PASSWORD", "p@ss/word"}});
  auto all = loaded(inputs);
  EXPECT_EQ(all.settings.database.url, "postgresql://ann:p%40ss%2Fword@db.example:5432/traffic");
  EXPECT_EQ(
      effective(all, "database.url").where,
      "environment DB_HOST, environment DB_NAME, environment DB_USER, environment DB_PASSWORD");
  EXPECT_THAT(all.remarks, testing::ElementsAre(HasSubstr("made from")));

  inputs.toml = SourceText{"vedette.toml", "[database]\nurl = \"sqlite:/x.db\"\n"};
  all = loaded(inputs);
  EXPECT_EQ(all.settings.database.url, "sqlite:/x.db");
  EXPECT_EQ(all.unused.size(), 4U);

  inputs = bare();
  inputs.environment["DB_PORT"] = "5433";
  all = loaded(inputs);
  EXPECT_THAT(all.settings.database.url, testing::StartsWith("sqlite:"));
  EXPECT_EQ(all.unused.size(), 1U);
}

TEST(Legacy, TheRealEnvironmentHidesDotEnv) {
  auto inputs = bare();
  inputs.dotenv = SourceText{".env", "DB_HOST=old\nDB_NAME=traffic\n"};
  inputs.environment["DB_HOST"] = "new";
  const auto all = loaded(inputs);
  EXPECT_EQ(all.settings.database.url, "postgresql://new:5432/traffic");
  EXPECT_EQ(effective(all, "database.url").where, "environment DB_HOST, .env:2 DB_NAME");
}

TEST(Legacy, KnownNamesWithoutAFeatureAreListed) {
  auto inputs = bare();
  for (const auto* name :
       {"WORKER_POLL_INTERVAL", "BACKSCATTER_RETENTION_DAYS", "BACKSCATTER_LOCATIONS"}) {
    inputs.environment[name] = "1";
  }
  EXPECT_EQ(loaded(inputs).unused.size(), 3U);
}

TEST(Legacy, FoldersAndBatchesOfTheCropPlatformSayWhatOursSay) {
  auto inputs = bare();
  inputs.dotenv = SourceText{
      ".env", "UPLOAD_FOLDER=./uploads\nPROCESSED_FOLDER=/data/processed\nWORKER_BATCH_SIZE=1\n"};
  auto all = loaded(inputs);
  EXPECT_EQ(all.settings.imagery.upload_folder, "/srv/uploads");
  EXPECT_EQ(all.settings.imagery.processed_folder, "/data/processed");
  EXPECT_EQ(all.settings.imagery.workers, 1);
  EXPECT_EQ(effective(all, "imagery.workers").where, ".env:3 WORKER_BATCH_SIZE");

  inputs.dotenv->text += "UPLOAD_DIR=/other\n";
  inputs.environment["VEDETTE_IMAGERY_WORKERS"] = "3";
  inputs.environment["WORKER_BATCH_SIZE"] = "many";
  all = loaded(inputs);
  EXPECT_EQ(all.settings.imagery.upload_folder, "/srv/uploads");
  EXPECT_EQ(all.settings.imagery.workers, 3);
  EXPECT_EQ(all.unused.size(), 2U);
}

TEST(Legacy, NamesOfABucketMakeTheStore) {
  auto inputs = bare();
  inputs.environment.insert({{"AWS_ACCESS_KEY_ID", "AKIA"},
                             {"AWS_SECRET_ACCESS_KEY", "very-secret"},
                             {"AWS_REGION", "eu-west-1"}});
  auto all = loaded(inputs);
  EXPECT_EQ(all.settings.blob.access_key, "") << "somebody's credentials for something else";
  EXPECT_EQ(all.unused.size(), 3U);
  EXPECT_EQ(all.settings.blob.folder, "/home/ann/.local/share/vedette/blobs");

  inputs.environment.insert({{"S3_BUCKET_NAME", "crops"},
                             {"AWS_DEFAULT_REGION", "us-west-2"},
                             {"AWS_ENDPOINT_URL", "http://127.0.0.1:9000"}});
  all = loaded(inputs);
  EXPECT_EQ(all.settings.blob.bucket, "crops");
  EXPECT_EQ(all.settings.blob.access_key, "AKIA");
  EXPECT_EQ(all.settings.blob.secret_key, "very-secret");
  EXPECT_EQ(all.settings.blob.region, "eu-west-1");
  EXPECT_EQ(all.settings.blob.endpoint, "http://127.0.0.1:9000");
  EXPECT_EQ(effective(all, "blob.bucket").where, "environment S3_BUCKET_NAME");
  EXPECT_EQ(effective(all, "blob.secret_key").value, "(set)");
  EXPECT_THAT(all.remarks, testing::ElementsAre(HasSubstr("S3_BUCKET_NAME")));
  EXPECT_EQ(all.unused.size(), 1U) << "the second name of the region";
}

TEST(Legacy, SettingsOfABucketWinAndCredentialsAreNotMixed) {
  auto inputs = bare();
  inputs.toml = SourceText{"vedette.toml",
                           "[blob]\nbucket = \"own\"\naccess_key = \"ours\"\nregion = \"x-1\"\n"};
  inputs.environment.insert({{"S3_BUCKET_NAME", "crops"},
                             {"AWS_ACCESS_KEY_ID", "AKIA"},
                             {"AWS_SECRET_ACCESS_KEY", "very-secret"},
                             {"AWS_REGION", "eu-west-1"}});
  const auto all = loaded(inputs);
  EXPECT_EQ(all.settings.blob.bucket, "own");
  EXPECT_EQ(all.settings.blob.access_key, "ours");
  EXPECT_EQ(all.settings.blob.secret_key, "");
  EXPECT_EQ(all.settings.blob.region, "x-1");
  EXPECT_EQ(all.unused.size(), 4U);
}

}  // namespace
}  // namespace vedette::config
