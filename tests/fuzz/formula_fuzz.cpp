// Formulas and band lists as users write them, from any bytes: refused with a sentence, or read,
// and then the vector engine gives what the plain way gives.
#include <array>
#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <string_view>
#include <vector>

#include "imagery/bands.hpp"
#include "imagery/indices.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace vedette::imagery;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto choice = parse_band_choice(text); choice) {
    if (choice->sensor.empty() && choice->bands.empty()) std::abort();
  } else if (choice.error().message.empty()) {
    std::abort();
  }
  if (const auto index = parse_user_index(text); index && !Formula::parse(index->formula))
    std::abort();
  const auto formula = Formula::parse(text);
  if (!formula) {
    if (formula.error().message.empty()) std::abort();
    return 0;
  }
  constexpr std::array<float, 5> kNumbers{0.0F, 0.1F, 0.5F, 1.0F, -2.0F};
  std::vector<BandValues> bands;
  std::vector<double> first;
  for (std::size_t i = 0; i < formula->bands().size(); ++i) {
    bands.push_back({kNumbers.data()});
    first.push_back(0.1F);
  }
  std::array<float, 5> out{};
  formula->evaluate(bands, out);
  const auto plain = static_cast<float>(formula->evaluate_one(first));
  const bool is_same = plain == out[1] || (std::isnan(out[1]) && !(std::abs(plain) <= 3.4e38F));
  if (!is_same) std::abort();
  return 0;
}
