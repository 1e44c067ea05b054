#include "work/role.hpp"

#include <gtest/gtest.h>

namespace vedette::work {
namespace {

TEST(Roles, ReadsNamesWithCommas) {
  const auto roles = Roles::parse("watch, api");
  ASSERT_TRUE(roles.has_value());
  EXPECT_TRUE(roles->has(Role::kApi));
  EXPECT_TRUE(roles->has(Role::kWatch));
  EXPECT_FALSE(roles->has(Role::kKeep));
  EXPECT_EQ(roles->text(), "api, watch");
}

TEST(Roles, AllIsEveryRole) {
  EXPECT_EQ(*Roles::parse("all"), Roles::all());
  EXPECT_EQ(*Roles::parse(Roles::all().text()), Roles::all());
}

TEST(Roles, RefusesAnUnknownWordAndNames) {
  const auto roles = Roles::parse("api,wach");
  ASSERT_FALSE(roles.has_value());
  EXPECT_EQ(roles.error().code, ErrorCode::kUsage);
  EXPECT_NE(roles.error().message.find("\"wach\""), std::string::npos);
}

TEST(Roles, RefusesNothing) {
  EXPECT_FALSE(Roles::parse("").has_value());
  EXPECT_FALSE(Roles::parse(" , ").has_value());
}

TEST(Roles, NamesReadBack) {
  for (const Role role : {Role::kApi, Role::kWatch, Role::kCollect, Role::kWork, Role::kKeep}) {
    EXPECT_EQ(role_named(name(role)), role);
  }
  EXPECT_EQ(role_named("boss"), std::nullopt);
}

}  // namespace
}  // namespace vedette::work
