// A formula as a list of steps over arrays, and the engine that runs them: each step is one loop
// that the compiler turns into vector code, over pieces that stay in the nearest cache. Inside
// src/imagery; const, any thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "imagery/indices.hpp"

namespace vedette::imagery {

enum class Operation : std::uint8_t {
  kAdd,
  kSubtract,
  kMultiply,
  kDivide,
  kPower,
  kRoot,
  kAbsolute,
  kExponent,
  kLogarithm,
  kLeast,
  kMost,
};

struct FormulaSteps {
  struct Operand {
    enum class Kind : std::uint8_t { kBand, kConstant, kStep };
    Kind kind = Kind::kConstant;
    std::uint8_t index = 0;
  };
  struct Step {
    Operation operation = Operation::kAdd;
    Operand a;
    Operand b;  // of operations with one operand the same as a
    std::uint8_t into = 0;
  };
  std::vector<Step> steps;
  std::vector<double> constants;
  Operand result;
  std::size_t registers = 0;

  static double apply(Operation operation, double a, double b);

  /// Gives each step a place for its values, which later steps take over when they are used up.
  void assign_registers();

  /// See Formula. In double, so that differences of like numbers keep their digits.
  void evaluate(std::span<const BandValues> bands, std::span<float> out) const;
  double evaluate_one(std::span<const double> bands) const;
};

}  // namespace vedette::imagery
