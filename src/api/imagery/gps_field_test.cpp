#include "api/imagery/gps_field.hpp"

#include <gmock/gmock.h>

namespace vedette::api {
namespace {

using ::testing::HasSubstr;

TEST(GpsField, ReadsWhatPhonesAndScriptsWrite) {
  const auto phone = read_gps(
      R"({"latitude": 41.0369659, "longitude": -83.3043454, "altitude": 282.73, "accuracy": 4.5,
          "bearing": 271.5, "speed": 3.2, "timestamp": 1794758400123})");
  ASSERT_TRUE(phone && *phone);
  EXPECT_EQ((*phone)->latitude, 41.0369659);
  EXPECT_EQ((*phone)->longitude, -83.3043454);
  EXPECT_EQ((*phone)->altitude, 282.73);
  EXPECT_EQ((*phone)->accuracy, 4.5);
  EXPECT_EQ((*phone)->heading, 271.5);
  EXPECT_EQ((*phone)->speed, 3.2);
  EXPECT_EQ((*phone)->captured_at, from_micros(1'794'758'400'123'000));
  EXPECT_EQ((*phone)->source, "upload");
  const auto drone = read_gps(R"({"lat": "-8.30396", "lng": "115.48416", "altitude": null,
                                  "timestamp": "2026-11-27T15:00:00Z"})");
  ASSERT_TRUE(drone && *drone);
  EXPECT_EQ((*drone)->latitude, -8.30396);
  EXPECT_EQ((*drone)->longitude, 115.48416);
  EXPECT_EQ((*drone)->altitude, std::nullopt);
  EXPECT_EQ((*drone)->captured_at, from_rfc3339("2026-11-27T15:00:00Z"));
}

TEST(GpsField, ZeroIsAPositionAndNothingIsNone) {
  const auto zero = read_gps(R"({"latitude": 0, "longitude": 0})");
  ASSERT_TRUE(zero && *zero);
  EXPECT_EQ((*zero)->latitude, 0);
  for (const char* none :
       {"", "  ", "null", "{}", R"({"latitude": null, "longitude": null})", R"({"altitude": 3})"}) {
    const auto read = read_gps(none);
    ASSERT_TRUE(read) << none;
    EXPECT_FALSE(*read) << none;
  }
}

TEST(GpsField, ATimeThatCannotBeReadLosesNoPicture) {
  for (const char* time : {R"("yesterday")", "-5", "1e300", "true", "{}"}) {
    const auto read =
        read_gps(std::string(R"({"latitude": 1, "longitude": 2, "timestamp": )") + time + "}");
    ASSERT_TRUE(read && *read) << time;
    EXPECT_EQ((*read)->captured_at, std::nullopt) << time;
  }
}

TEST(GpsField, RefusesWhatIsNoPosition) {
  for (const char* wrong :
       {"{", "[]", "7", "\"here\"", R"({"latitude": 1})", R"({"longitude": 1})",
        R"({"latitude": 91, "longitude": 0})", R"({"latitude": 0, "longitude": -181})",
        R"({"latitude": NaN, "longitude": 0})", R"({"latitude": "north", "longitude": 0})",
        R"({"latitude": "nan", "longitude": 0})", R"({"latitude": 1e999, "longitude": 0})",
        R"({"latitude": 0, "longitude": 0, "altitude": "high"})",
        R"({"latitude": 0, "longitude": 0, "altitude": "inf"})"}) {
    const auto read = read_gps(wrong);
    ASSERT_FALSE(read) << wrong;
    EXPECT_EQ(read.error().code, ErrorCode::kInvalid) << wrong;
    EXPECT_EQ(read.error().detail, "gps") << wrong;
    EXPECT_THAT(read.error().message, HasSubstr("gps"));
  }
}

}  // namespace
}  // namespace vedette::api
