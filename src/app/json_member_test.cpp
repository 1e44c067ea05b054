#include "app/json_member.hpp"

#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace vedette::app {
namespace {

TEST(JsonMember, GivesWhatIsThere) {
  const auto answer = boost::json::parse(
      R"({"name": "Mill", "n": 7, "share": 0.5, "big": 9007199254740993, "is": true, "of": [1]})");
  EXPECT_EQ(text_at(answer, "name"), "Mill");
  EXPECT_EQ(number_at(answer, "n"), 7.0);
  EXPECT_EQ(number_at(answer, "share"), 0.5);
  EXPECT_EQ(whole_at(answer, "big"), 9007199254740993);
  EXPECT_TRUE(flag_at(answer, "is"));
  EXPECT_EQ(list_at(answer, "of").size(), 1U);
  EXPECT_TRUE(part_at(answer, "of").is_array());
}

TEST(JsonMember, WhatIsOfAnotherShapeIsAsGoodAsAbsent) {
  for (const char* text :
       {R"({})", R"([1, 2])", R"("a")", R"(null)", R"({"x": null})", R"({"x": {"y": 1.5}})"}) {
    const auto answer = boost::json::parse(text);
    EXPECT_EQ(text_at(answer, "x"), "") << text;
    EXPECT_EQ(number_at(answer, "x"), 0) << text;
    EXPECT_EQ(whole_at(answer, "x"), 0) << text;
    EXPECT_FALSE(flag_at(answer, "x")) << text;
    EXPECT_TRUE(list_at(answer, "x").empty()) << text;
    EXPECT_EQ(part_at(answer, "z"), boost::json::value(nullptr)) << text;
    EXPECT_EQ(member(answer, "z"), nullptr) << text;
  }
  EXPECT_EQ(whole_at(boost::json::parse(R"({"x": 1.5})"), "x"), 0) << "not whole";
}

}  // namespace
}  // namespace vedette::app
