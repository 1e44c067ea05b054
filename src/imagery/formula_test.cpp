// Formulas as users write them: what is read, what is refused with a place, and that the vector
// engine gives what the plain way gives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>
#include <limits>

#include "imagery/indices.hpp"

namespace vedette::imagery {
namespace {

using ::testing::HasSubstr;

double value_of(const char* text, std::vector<double> bands) {
  const auto formula = Formula::parse(text);
  if (!formula) {
    ADD_FAILURE() << formula.error().message;
    return 0;
  }
  return formula->evaluate_one(bands);
}

TEST(AFormula, FollowsTheRulesOfArithmetic) {
  EXPECT_DOUBLE_EQ(value_of("N - 2 * 3 - 1", {10}), 3);
  EXPECT_DOUBLE_EQ(value_of("N / 2 / 5", {10}), 1);
  EXPECT_DOUBLE_EQ(value_of("-N^2", {3}), -9);
  EXPECT_DOUBLE_EQ(value_of("2^-1 * N", {3}), 1.5);
  EXPECT_DOUBLE_EQ(value_of("N^0.5", {9}), 3);
  EXPECT_DOUBLE_EQ(value_of("max(N, R) - min(N, R)", {2, 5}), 3);
  EXPECT_DOUBLE_EQ(value_of("sqrt(abs(RE)) + exp(log(G))", {-4, 7}), 9);
  EXPECT_DOUBLE_EQ(value_of("1.5e1*N", {2}), 30);
}

TEST(AFormula, GivesNothingWhereThereIsNoValue) {
  EXPECT_TRUE(std::isnan(value_of("(N - R) / (N + R)", {0, 0})));
  EXPECT_TRUE(std::isnan(value_of("N / R", {1, 0})));
  EXPECT_TRUE(std::isnan(value_of("sqrt(N)", {-1})));
  EXPECT_TRUE(std::isnan(value_of("max(N, 0)", {std::numeric_limits<double>::quiet_NaN()})));
  EXPECT_TRUE(std::isnan(value_of("min(0, N)", {std::numeric_limits<double>::quiet_NaN()})));
}

TEST(AFormula, NamesTheBandsItUses) {
  const auto formula = Formula::parse("(N - RE) / (N + RE + G * 0)");
  ASSERT_TRUE(formula);
  EXPECT_THAT(formula->bands(), ::testing::ElementsAre(Band::kNir, Band::kRedEdge, Band::kGreen));
}

TEST(AFormula, ThatIsWrongIsRefusedWithItsPlace) {
  struct Case {
    std::string text;
    std::string says;
  };
  for (const Case& each : std::vector<Case>{{"", "character 1"},
                                            {"N +", "ends where a value is expected"},
                                            {"(N", "a ) is missing"},
                                            {"N R", "character 3"},
                                            {"NIR", "'NIR' is neither a band"},
                                            {"1 + 2", "no band"},
                                            {"max(N)", "two values"},
                                            {"sqrt N", "needs a ("},
                                            {"N $ R", "'$'"},
                                            {std::string(300, '(') + "N", "too many"},
                                            {std::string(300, '-') + "N", "too many"},
                                            {std::string(501, 'N'), "at most 500"}}) {
    const auto formula = Formula::parse(each.text);
    ASSERT_FALSE(formula) << each.text;
    EXPECT_EQ(formula.error().code, ErrorCode::kUsage);
    EXPECT_THAT(formula.error().message, HasSubstr(each.says));
  }
  std::string many = "N";
  for (int i = 0; i < 100; ++i) many += "+R*N";
  EXPECT_FALSE(Formula::parse(many));
  std::string numbers = "N";
  for (int i = 0; i < 200; ++i) numbers += "+1";
  EXPECT_FALSE(Formula::parse(numbers));
}

TEST(TheTable, HoldsOnlyFormulasThatAreRight) {
  for (const IndexDefinition& each : index_table()) {
    EXPECT_TRUE(Formula::parse(each.formula)) << each.name;
    EXPECT_EQ(each.low.has_value(), each.high.has_value()) << each.name;
  }
}

TEST(AUsersIndex, IsReadWithItsRangeAndNeeds) {
  const auto index = parse_user_index("mine = (N - RE) / (N + RE + 0.1); -1..1.5; reflectance");
  ASSERT_TRUE(index) << index.error().message;
  EXPECT_EQ(index->name, "mine");
  EXPECT_EQ(index->low, -1);
  EXPECT_EQ(index->high, 1.5);
  EXPECT_EQ(index->needs, Needs::kReflectance);
  for (const char* wrong : {"", "N - R", "ndvi = N", "Mine = N", "mine = N; 1..0", "mine = N; blue",
                            "mine = N +", "9 = N"}) {
    EXPECT_FALSE(parse_user_index(wrong)) << wrong;
  }
}

TEST(TheOracleOfTheOriginal, IsMet) {
  // R = [[.1,.2],[.3,.4]], G = .2, N = [[.9,.6],[.3,.1]]
  const std::vector<float> red{0.1F, 0.2F, 0.3F, 0.4F};
  const std::vector<float> green(4, 0.2F);
  const std::vector<float> nir{0.9F, 0.6F, 0.3F, 0.1F};
  const auto values = [&](const char* name, const std::vector<float>& other) {
    const auto formula = Formula::parse(find_index(name)->formula);
    std::vector<float> out(4);
    const std::vector<BandValues> bands{{nir.data()}, {other.data()}};
    formula->evaluate(bands, out);
    return out;
  };
  const auto near = [](const std::vector<float>& got, const std::vector<double>& expected) {
    for (std::size_t i = 0; i < got.size(); ++i) {
      EXPECT_NEAR(static_cast<double>(got[i]), expected[i], 5e-5);
    }
  };
  near(values("ndvi", red), {0.8, 0.5, 0, -0.6});
  near(values("savi", red), {0.8, 0.4615, 0, -0.45});
  near(values("gndvi", green), {0.6364, 0.5, 0.2, -0.3333});
}

RC_GTEST_PROP(TheVectorEngine, GivesWhatThePlainWayGives, ()) {
  const auto table = index_table();
  const auto& definition = table[*rc::gen::inRange<std::size_t>(0, table.size())];
  const auto formula = Formula::parse(definition.formula);
  RC_ASSERT(formula.has_value());
  const auto size = *rc::gen::inRange<std::size_t>(1, 1300);
  std::vector<std::vector<float>> values;
  std::vector<BandValues> bands;
  for (std::size_t i = 0; i < formula->bands().size(); ++i) {
    const auto whole =
        *rc::gen::container<std::vector<std::uint16_t>>(size, rc::gen::arbitrary<std::uint16_t>());
    values.emplace_back(whole.begin(), whole.end());
  }
  for (const auto& each : values) bands.push_back({each.data(), 1 / 65535.0, 0.001});
  std::vector<float> out(size);
  formula->evaluate(bands, out);
  for (std::size_t i = 0; i < size; ++i) {
    std::vector<double> one;
    for (const auto& each : values) one.push_back(each[i] * (1 / 65535.0) + 0.001);
    const auto plain = static_cast<float>(formula->evaluate_one(one));
    RC_ASSERT((std::isnan(plain) && std::isnan(out[i])) || plain == out[i]);
  }
}

}  // namespace
}  // namespace vedette::imagery
