// The built-in indices. N near infrared, R red, G green, B blue, RE red edge. Formulas and papers
// as awesome-spectral-indices lists them, checked against WebODM and PlantCV, whose slips (ARVI's
// denominator, DVI over red edge) are not taken over.
#include <algorithm>

#include "imagery/indices.hpp"

namespace vedette::imagery {

std::span<const IndexDefinition> index_table() {
  constexpr auto kRatio = Needs::kSameScale;
  constexpr auto kReflectance = Needs::kReflectance;
  constexpr auto kScaled = Needs::kScaled;
  static const std::vector<IndexDefinition> kTable{
      {"ndvi", "NDVI", "(N - R) / (N + R)", kRatio, -1, 1, "Rouse 1974", true},
      {"ndre", "NDRE", "(N - RE) / (N + RE)", kRatio, -1, 1, "Gitelson 1994", true},
      {"gndvi", "GNDVI", "(N - G) / (N + G)", kRatio, -1, 1, "Gitelson 1996", true},
      {"savi", "SAVI", "1.5 * (N - R) / (N + R + 0.5)", kReflectance, -1.5, 1.5, "Huete 1988",
       true},
      {"osavi", "OSAVI", "(N - R) / (N + R + 0.16)", kReflectance, -1, 1, "Rondeaux 1996", true},
      {"msavi", "MSAVI", "0.5 * (2 * N + 1 - sqrt((2 * N + 1)^2 - 8 * (N - R)))", kReflectance,
       -1.5, 1.5, "Qi 1994", true},
      {"bndvi", "BNDVI", "(N - B) / (N + B)", kRatio, -1, 1, "Wang 2007", true},
      {"evi",
       "EVI",
       "2.5 * (N - R) / (N + 6 * R - 7.5 * B + 1)",
       kReflectance,
       {},
       {},
       "Huete 1997",
       true},
      {"evi2", "EVI2", "2.5 * (N - R) / (N + 2.4 * R + 1)", kReflectance, -2.5, 2.5, "Jiang 2008",
       true},
      {"endvi", "ENDVI", "((N + G) - 2 * B) / ((N + G) + 2 * B)", kRatio, -1, 1, "MaxMax", false},
      {"arvi", "ARVI", "(N - 2 * R + B) / (N + 2 * R - B)", kRatio, {}, {}, "Kaufman 1992", false},
      {"ndwi", "NDWI (open water)", "(G - N) / (G + N)", kRatio, -1, 1, "McFeeters 1996", true},
      {"cigreen", "CI green", "N / G - 1", kRatio, {}, {}, "Gitelson 2003", true},
      {"cirededge", "CI red edge", "N / RE - 1", kRatio, {}, {}, "Gitelson 2003", true},
      {"grvi", "GRVI (near infrared over green)", "N / G", kRatio, {}, {}, "Sripada 2006", false},
      {"sr", "Simple ratio", "N / R", kRatio, {}, {}, "Jordan 1969", false},
      {"msr", "MSR", "(N / R - 1) / (sqrt(N / R) + 1)", kRatio, {}, {}, "Chen 1996", false},
      {"wdrvi", "WDRVI", "(0.2 * N - R) / (0.2 * N + R)", kRatio, -1, 1, "Gitelson 2004", false},
      {"cvi", "CVI", "N * R / G^2", kRatio, {}, {}, "Vincini 2008", false},
      {"mnli", "MNLI", "1.5 * (N^2 - R) / (N^2 + R + 0.5)", kReflectance, -1.5, 1.5, "Yang 2008",
       false},
      {"tdvi",
       "TDVI",
       "1.5 * (N - R) / sqrt(N^2 + R + 0.5)",
       kReflectance,
       {},
       {},
       "Bannari 2002",
       false},
      {"lai",
       "LAI from EVI",
       "3.618 * (2.5 * (N - R) / (N + 6 * R - 7.5 * B + 1)) - 0.118",
       kReflectance,
       {},
       {},
       "Boegh 2002",
       false},
      {"bai",
       "BAI",
       "1 / ((0.1 - R)^2 + (0.06 - N)^2)",
       kReflectance,
       {},
       {},
       "Chuvieco 2002",
       false},
      {"dvi", "DVI", "N - R", kScaled, {}, {}, "Richardson 1977", false},
      {"rdvi", "RDVI", "(N - R) / sqrt(N + R)", kScaled, {}, {}, "Roujean 1995", false},
      {"mcari",
       "MCARI",
       "((RE - R) - 0.2 * (RE - G)) * (RE / R)",
       kScaled,
       {},
       {},
       "Daughtry 2000",
       false},
      {"tcari",
       "TCARI",
       "3 * ((RE - R) - 0.2 * (RE - G) * (RE / R))",
       kScaled,
       {},
       {},
       "Haboudane 2002",
       false},
      {"vari", "VARI", "(G - R) / (G + R - B)", kRatio, {}, {}, "Gitelson 2002", true},
      {"exg", "ExG on chromatic colours", "(2 * G - R - B) / (R + G + B)", kRatio, -1, 2,
       "Woebbecke 1995", true},
      {"gli", "GLI", "(2 * G - R - B) / (2 * G + R + B)", kRatio, -1, 1, "Louhaichi 2001", true},
      {"ngrdi", "NGRDI", "(G - R) / (G + R)", kRatio, -1, 1, "Tucker 1979", true},
      {"mgrvi", "MGRVI", "(G^2 - R^2) / (G^2 + R^2)", kRatio, -1, 1, "Bendig 2015", false},
      {"rgbvi", "RGBVI", "(G^2 - B * R) / (G^2 + B * R)", kRatio, -1, 1, "Bendig 2015", false},
      {"ndyi", "NDYI", "(G - B) / (G + B)", kRatio, -1, 1, "Sulik 2016", false},
      {"exg_dn",
       "ExG on the picture's own numbers",
       "2 * G - R - B",
       kScaled,
       {},
       {},
       "Woebbecke 1995",
       false},
      {"exr", "ExR", "1.3 * R - G", kScaled, {}, {}, "Meyer 1998", false},
      {"exgr", "ExGR", "(2 * G - R - B) - (1.3 * R - G)", kScaled, {}, {}, "Meyer 2008", false},
      {"tgi", "TGI", "-0.5 * (190 * (R - G) - 120 * (R - B))", kScaled, {}, {}, "Hunt 2011", false},
      {"vndvi",
       "vNDVI",
       "0.5268 * R^(-0.1294) * G^0.3389 * B^(-0.3118)",
       kScaled,
       {},
       {},
       "Costa 2020",
       false},
  };
  return kTable;
}

const IndexDefinition* find_index(std::string_view name) {
  const auto all = index_table();
  const auto found = std::ranges::find(all, name, &IndexDefinition::name);
  return found == all.end() ? nullptr : &*found;
}

}  // namespace vedette::imagery
