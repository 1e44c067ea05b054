#include "imagery/formula_steps.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include "imagery/lanes.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kPiece = 512;
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();
constexpr float kMostFloat = std::numeric_limits<float>::max();

// One step over a piece. Inlined into a plain function and one for AVX2.
VEDETTE_LOOP void run(Operation operation, const double* __restrict a, const double* __restrict b,
                      double* out) {
  switch (operation) {
    case Operation::kAdd:
      for (std::size_t i = 0; i < kPiece; ++i) out[i] = a[i] + b[i];
      return;
    case Operation::kSubtract:
      for (std::size_t i = 0; i < kPiece; ++i) out[i] = a[i] - b[i];
      return;
    case Operation::kMultiply:
      for (std::size_t i = 0; i < kPiece; ++i) out[i] = a[i] * b[i];
      return;
    case Operation::kDivide:
      for (std::size_t i = 0; i < kPiece; ++i) out[i] = a[i] / b[i];
      return;
    case Operation::kRoot:
      for (std::size_t i = 0; i < kPiece; ++i) out[i] = std::sqrt(a[i]);
      return;
    case Operation::kAbsolute:
      for (std::size_t i = 0; i < kPiece; ++i) out[i] = std::abs(a[i]);
      return;
    case Operation::kPower:
    case Operation::kExponent:
    case Operation::kLogarithm:
    case Operation::kLeast:
    case Operation::kMost:
      for (std::size_t i = 0; i < kPiece; ++i) out[i] = FormulaSteps::apply(operation, a[i], b[i]);
      return;
  }
}

VEDETTE_LOOP void widen(const float* from, std::size_t count, double factor, double offset,
                        double* out) {
  for (std::size_t i = 0; i < count; ++i) out[i] = static_cast<double>(from[i]) * factor + offset;
}

VEDETTE_LOOP void narrow(const double* from, std::size_t count, float* out) {
  for (std::size_t i = 0; i < count; ++i) {
    const auto value = static_cast<float>(from[i]);
    // False for infinities and for what is no number.
    out[i] = std::abs(value) <= kMostFloat ? value : kNaN;
  }
}

struct Engine {
  void (*run)(Operation, const double*, const double*, double*);
  void (*widen)(const float*, std::size_t, double, double, double*);
  void (*narrow)(const double*, std::size_t, float*);
};

constexpr Engine kPlain{
    [](Operation operation, const double* a, const double* b, double* out) {
      run(operation, a, b, out);
    },
    [](const float* from, std::size_t count, double factor, double offset, double* out) {
      widen(from, count, factor, offset, out);
    },
    [](const double* from, std::size_t count, float* out) { narrow(from, count, out); }};

VEDETTE_AVX2 void run_avx2(Operation operation, const double* a, const double* b, double* out) {
  run(operation, a, b, out);
}
VEDETTE_AVX2 void widen_avx2(const float* from, std::size_t count, double factor, double offset,
                             double* out) {
  widen(from, count, factor, offset, out);
}
VEDETTE_AVX2 void narrow_avx2(const double* from, std::size_t count, float* out) {
  narrow(from, count, out);
}

const Engine& engine() {
  static const Engine best = has_avx2() ? Engine{run_avx2, widen_avx2, narrow_avx2} : kPlain;
  return best;
}

}  // namespace

double FormulaSteps::apply(Operation operation, double a, double b) {
  switch (operation) {
    case Operation::kAdd:
      return a + b;
    case Operation::kSubtract:
      return a - b;
    case Operation::kMultiply:
      return a * b;
    case Operation::kDivide:
      return a / b;
    case Operation::kPower:
      return std::pow(a, b);
    case Operation::kRoot:
      return std::sqrt(a);
    case Operation::kAbsolute:
      return std::abs(a);
    case Operation::kExponent:
      return std::exp(a);
    case Operation::kLogarithm:
      return std::log(a);
    // std::min would lose what is no number.
    case Operation::kLeast:
      return std::isnan(a) || a < b ? a : b;
    case Operation::kMost:
      return std::isnan(a) || a > b ? a : b;
  }
  return 0;
}

void FormulaSteps::assign_registers() {
  // A value is used up by the last step that reads it.
  std::vector<std::size_t> last(steps.size(), 0);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    for (const Operand operand : {steps[i].a, steps[i].b}) {
      if (operand.kind == Operand::Kind::kStep) last[operand.index] = i;
    }
  }
  if (result.kind == Operand::Kind::kStep) last[result.index] = steps.size();
  std::vector<std::uint8_t> free;
  registers = 0;
  for (std::size_t i = 0; i < steps.size(); ++i) {
    std::uint8_t into = 0;
    if (free.empty()) {
      into = static_cast<std::uint8_t>(registers++);
    } else {
      into = free.back();
      free.pop_back();
    }
    steps[i].into = into;
    // Freed behind the step, not before: it never writes what it reads.
    for (std::size_t k = 0; k < i; ++k) {
      if (last[k] == i) free.push_back(steps[k].into);
    }
  }
}

void FormulaSteps::evaluate(std::span<const BandValues> bands, std::span<float> out) const {
  const Engine& with = engine();
  std::vector<double> storage((registers + bands.size() + constants.size() + 1) * kPiece);
  double* const register_values = storage.data();
  double* const band_values = register_values + registers * kPiece;
  double* const constant_values = band_values + bands.size() * kPiece;
  for (std::size_t i = 0; i < constants.size(); ++i) {
    std::fill_n(constant_values + i * kPiece, kPiece, constants[i]);
  }
  const auto place = [&](Operand operand) -> const double* {
    switch (operand.kind) {
      case Operand::Kind::kBand:
        return band_values + operand.index * kPiece;
      case Operand::Kind::kConstant:
        return constant_values + operand.index * kPiece;
      case Operand::Kind::kStep:
        return register_values + steps[operand.index].into * kPiece;
    }
    return constant_values;
  };
  for (std::size_t begin = 0; begin < out.size(); begin += kPiece) {
    const std::size_t count = std::min(kPiece, out.size() - begin);
    for (std::size_t band = 0; band < bands.size(); ++band) {
      with.widen(bands[band].numbers + begin, count, bands[band].factor, bands[band].offset,
                 band_values + band * kPiece);
    }
    for (const Step& step : steps) {
      with.run(step.operation, place(step.a), place(step.b), register_values + step.into * kPiece);
    }
    with.narrow(place(result), count, &out[begin]);
  }
}

double FormulaSteps::evaluate_one(std::span<const double> bands) const {
  std::vector<double> values(steps.size());
  const auto value = [&](Operand operand) {
    switch (operand.kind) {
      case Operand::Kind::kBand:
        return bands[operand.index];
      case Operand::Kind::kConstant:
        return constants[operand.index];
      case Operand::Kind::kStep:
        return values[operand.index];
    }
    return 0.0;
  };
  for (std::size_t i = 0; i < steps.size(); ++i) {
    values[i] = apply(steps[i].operation, value(steps[i].a), value(steps[i].b));
  }
  const double last = value(result);
  return std::isfinite(last) ? last : std::numeric_limits<double>::quiet_NaN();
}

}  // namespace vedette::imagery
