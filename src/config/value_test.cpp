#include "config/value.hpp"

#include <gmock/gmock.h>
#include <rapidcheck.h>

#include "config/table.hpp"

namespace vedette::config {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using std::chrono::seconds;

const Shape kDuration{.kind = Kind::kDuration, .low = 1, .high = 86400e6 * 1000};
const Shape kSize{.kind = Kind::kSize, .low = 1, .high = 1e15};

TEST(Value, ReadsDurationsWithTheirUnits) {
  const auto read = [](std::string_view text) {
    const auto value = parse_value(kDuration, text);
    return value ? std::optional(std::get<Micros>(*value)) : std::nullopt;
  };
  EXPECT_EQ(read("10s"), seconds(10));
  EXPECT_EQ(read(" 1.5 h "), milliseconds(5400'000));
  EXPECT_EQ(read("500ms"), milliseconds(500));
  EXPECT_EQ(read("2d"), hours(48));
  for (const auto* wrong :
       {"10", "s", "", "10 fortnights", "-5s", "1e300d", "nan s", "1s1", "0x1s"}) {
    EXPECT_EQ(read(wrong), std::nullopt) << wrong;
  }
}

TEST(Value, ReadsSizesInBothSystems) {
  const auto read = [](std::string_view text) {
    const auto value = parse_value(kSize, text);
    return value ? std::get<std::int64_t>(*value) : -1;
  };
  EXPECT_EQ(read("64MiB"), 64 << 20);
  EXPECT_EQ(read("64 mib"), 64 << 20);
  EXPECT_EQ(read("1MB"), 1'000'000);
  EXPECT_EQ(read("512"), 512);
  EXPECT_EQ(read("64M"), -1);
}

TEST(Value, ReadsAddresses) {
  const Shape shape{.kind = Kind::kAddress};
  const auto read = [&](std::string_view text) {
    const auto value = parse_value(shape, text);
    return value ? std::optional(std::get<Address>(*value)) : std::nullopt;
  };
  EXPECT_EQ(read("127.0.0.1:8080"), (Address{"127.0.0.1", 8080}));
  EXPECT_EQ(read("[::1]:0"), (Address{"::1", 0}));
  EXPECT_EQ(read("localhost:65535"), (Address{"localhost", 65535}));
  for (const auto* wrong :
       {"8080", ":8080", "::1:80", "host:65536", "host:-1", "ho st:1", "host:"}) {
    EXPECT_EQ(read(wrong), std::nullopt) << wrong;
  }
}

TEST(Value, AnAddressMayBeEmptyWhereThatIsSaid) {
  const Shape shape{.kind = Kind::kAddress, .may_be_empty = true};
  const auto value = parse_value(shape, "");
  ASSERT_TRUE(value);
  EXPECT_EQ(std::get<Address>(*value), Address{});
  EXPECT_EQ(format_value(shape, *value), "");
  EXPECT_FALSE(parse_value(shape, "host"));
}

TEST(Value, WritesDurationsAsPeopleSayThem) {
  EXPECT_EQ(format_duration(hours(48)), "48h");
  EXPECT_EQ(format_duration(hours(24 * 90)), "90d");
  EXPECT_EQ(format_duration(seconds(60)), "1m");
  EXPECT_EQ(format_duration(seconds(75)), "75s");
  EXPECT_EQ(format_duration(Micros(0)), "0");
  EXPECT_EQ(format_size(64 << 20), "64MiB");
  EXPECT_EQ(format_size(1000), "1000");
}

TEST(Value, DurationsAndSizesRoundTrip) {
  EXPECT_TRUE(rc::check("a duration written is the duration read", [] {
    const Micros duration{*rc::gen::inRange<std::int64_t>(1, 86400'000'000LL * 900)};
    const auto again = parse_value(kDuration, format_duration(duration));
    RC_ASSERT(again.has_value());
    RC_ASSERT(std::get<Micros>(*again) == duration);
  }));
  EXPECT_TRUE(rc::check("a size written is the size read", [] {
    const auto bytes = *rc::gen::inRange<std::int64_t>(1, 1'000'000'000'000);
    const auto again = parse_value(kSize, format_size(bytes));
    RC_ASSERT(again.has_value());
    RC_ASSERT(std::get<std::int64_t>(*again) == bytes);
  }));
}

TEST(Value, AnyTextIsReadOrRefusedAndWhatIsReadRoundTrips) {
  EXPECT_TRUE(rc::check(
      "parse(format(parse(text))) == parse(text) for every setting", [](std::string text) {
        for (const auto& declaration : declarations()) {
          const auto value = parse_value(declaration.shape, text);
          if (!value) {
            RC_ASSERT(!value.error().empty());
            continue;
          }
          const auto again =
              parse_value(declaration.shape, format_value(declaration.shape, *value));
          RC_ASSERT((again == value));
        }
      }));
}

TEST(Value, ListsKeepOrderAndDropRepetitions) {
  const std::vector<std::string_view> words{"api", "watch"};
  const Shape shape{.kind = Kind::kList, .choices = words};
  EXPECT_EQ(std::get<std::vector<std::string>>(*parse_value(shape, "watch, api,watch,")),
            (std::vector<std::string>{"watch", "api"}));
  EXPECT_EQ(parse_value(shape, "api,walk").error(),
            "one or more of api, watch, with commas between them");
  EXPECT_FALSE(parse_value(shape, " , "));
}

TEST(Nearest, FindsSlipsAndNothingFarOff) {
  const std::vector<std::string> words{"http.listen", "http.max_body", "log.level"};
  EXPECT_EQ(nearest("http.lisen", words), "http.listen");
  EXPECT_EQ(nearest("http.listne", words), "http.listen");
  EXPECT_EQ(nearest("http.max-body", words), "http.max_body");
  EXPECT_EQ(nearest("radar.site", words), std::nullopt);
}

}  // namespace
}  // namespace vedette::config
