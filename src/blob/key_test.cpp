#include "blob/key.hpp"

#include <gtest/gtest.h>

#include <string>

namespace vedette::blob {
namespace {

TEST(Key, TakesWhatPeopleCallThings) {
  for (const std::string& key :
       {std::string("a"), std::string("a/b/c.jpg"), std::string("a b+c=d%e"),
        std::string("ü/雨.png"), std::string("..."), std::string("a..b/.c"),
        std::string("100%25/x"), std::string(kMostNameBytes, 'x')}) {
    EXPECT_TRUE(check_key(key)) << key;
  }
}

TEST(Key, RefusesWhatWouldLeaveItsFolderOrCannotBeWritten) {
  for (const std::string& key :
       {std::string(), std::string("/a"), std::string("a/"), std::string("a//b"), std::string("."),
        std::string(".."), std::string("a/../b"), std::string("a/.."), std::string("./a"),
        std::string("a\nb"), std::string("a\x7f"), std::string("a\0b", 3), std::string("\xff"),
        std::string(".incoming"), std::string(".incoming/a"), std::string(kMostNameBytes + 1, 'x'),
        std::string(300, 'a') + "/" + std::string(700, 'b')}) {
    const auto checked = check_key(key);
    ASSERT_FALSE(checked) << key;
    EXPECT_EQ(checked.error().code, ErrorCode::kInvalid);
    EXPECT_EQ(checked.error().message.find('\n'), std::string::npos);
  }
}

TEST(Key, APrefixMayEndAnywhere) {
  for (const auto* prefix : {"", "a", "a/", "a/b", ".inc", "a/."}) {
    EXPECT_TRUE(check_prefix(prefix)) << prefix;
  }
  for (const auto* prefix : {"/", "../", "a/../", "a//", "a\n"}) {
    EXPECT_FALSE(check_prefix(prefix)) << prefix;
  }
}

TEST(Key, TheSameContentHasTheSameName) {
  EXPECT_EQ(content_key("stills", sha256("abc"), "jpg"),
            "stills/ba/ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad.jpg");
  EXPECT_EQ(content_key("x", sha256(""), "").size(), 2 + 3 + 64U);
  EXPECT_TRUE(check_key(content_key("stills", sha256("abc"), "jpg")));
}

}  // namespace
}  // namespace vedette::blob
