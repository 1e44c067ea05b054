#include "imagery/colours.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

namespace vedette::imagery {

namespace {

// 256 colours: the first for no data, the others along the ramp.
std::array<Colour, 256> mixed(std::span<const Colour> ramp) {
  std::array<Colour, 256> colours{};
  for (std::size_t i = 1; i < colours.size(); ++i) {
    const double place = static_cast<double>(i - 1) / 254 * static_cast<double>(ramp.size() - 1);
    const std::size_t first = std::min(static_cast<std::size_t>(place), ramp.size() - 2);
    const double part = place - static_cast<double>(first);
    for (std::size_t c = 0; c < 3; ++c) {
      colours[i][c] = static_cast<std::uint8_t>(
          std::lround(ramp[first][c] * (1 - part) + ramp[first + 1][c] * part));
    }
  }
  return colours;
}

}  // namespace

std::span<const Colour> colour_ramp() {
  // Even in lightness, so that it reads in grey and by the colour-blind, too.
  static constexpr std::array<Colour, 11> kRamp{{{43, 27, 45},
                                                 {67, 42, 54},
                                                 {93, 58, 58},
                                                 {115, 78, 60},
                                                 {129, 103, 64},
                                                 {134, 132, 75},
                                                 {135, 160, 95},
                                                 {144, 184, 122},
                                                 {167, 207, 148},
                                                 {199, 227, 177},
                                                 {231, 245, 207}}};
  return kRamp;
}

std::span<const Ramp> ramps() {
  // ColorBrewer's RdYlGn and RdBu, matplotlib's viridis and magma (CC0); eleven colours of each.
  static constexpr std::array<Colour, 11> kRedGreen{{{165, 0, 38},
                                                     {215, 48, 39},
                                                     {244, 109, 67},
                                                     {253, 174, 97},
                                                     {254, 224, 139},
                                                     {255, 255, 191},
                                                     {217, 239, 139},
                                                     {166, 217, 106},
                                                     {102, 189, 99},
                                                     {26, 152, 80},
                                                     {0, 104, 55}}};
  static constexpr std::array<Colour, 11> kViridis{{{68, 1, 84},
                                                    {72, 36, 117},
                                                    {65, 68, 135},
                                                    {53, 95, 141},
                                                    {42, 120, 142},
                                                    {33, 145, 140},
                                                    {34, 168, 132},
                                                    {68, 191, 112},
                                                    {122, 209, 81},
                                                    {189, 223, 38},
                                                    {253, 231, 37}}};
  static constexpr std::array<Colour, 11> kMagma{{{0, 0, 4},
                                                  {20, 14, 54},
                                                  {59, 15, 112},
                                                  {100, 26, 128},
                                                  {140, 41, 129},
                                                  {183, 55, 121},
                                                  {222, 73, 104},
                                                  {247, 112, 92},
                                                  {254, 159, 109},
                                                  {254, 207, 146},
                                                  {252, 253, 191}}};
  static constexpr std::array<Colour, 11> kRedBlue{{{103, 0, 31},
                                                    {178, 24, 43},
                                                    {214, 96, 77},
                                                    {244, 165, 130},
                                                    {253, 219, 199},
                                                    {247, 247, 247},
                                                    {209, 229, 240},
                                                    {146, 197, 222},
                                                    {67, 147, 195},
                                                    {33, 102, 172},
                                                    {5, 48, 97}}};
  static constexpr std::array<Colour, 2> kGrey{{{0, 0, 0}, {255, 255, 255}}};
  static const std::array<Ramp, 6> all{{{"vegetation", "Dark soil to light leaf", colour_ramp()},
                                        {"red_green", "Red over yellow to green", kRedGreen},
                                        {"viridis", "Viridis", kViridis},
                                        {"magma", "Magma", kMagma},
                                        {"red_blue", "Red over white to blue", kRedBlue},
                                        {"grey", "Black to white", kGrey}}};
  return all;
}

const Ramp* find_ramp(std::string_view name) {
  const auto found = std::ranges::find(ramps(), name, &Ramp::name);
  return found == ramps().end() ? nullptr : &*found;
}

std::span<const Colour> palette(const Ramp& ramp) {
  static const std::vector<std::array<Colour, 256>> all = [] {
    std::vector<std::array<Colour, 256>> made;
    for (const Ramp& one : ramps()) made.push_back(mixed(one.colours));
    return made;
  }();
  return all[static_cast<std::size_t>(&ramp - ramps().data())];
}

std::array<Colour, 256> palette() {
  return mixed(colour_ramp());
}

std::uint8_t colour_of(float value, double low, double high) {
  if (value != value) return 0;
  const double part = (static_cast<double>(value) - low) / (high - low);
  return static_cast<std::uint8_t>(1 + std::lround(std::clamp(part, 0.0, 1.0) * 254));
}

}  // namespace vedette::imagery
