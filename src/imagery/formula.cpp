#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <limits>
#include <utility>

#include "imagery/formula_steps.hpp"
#include "imagery/indices.hpp"

namespace vedette::imagery {
namespace {

constexpr std::size_t kMostText = 500;
constexpr int kMostDepth = 40;
constexpr std::size_t kMostValues = 64;

bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

}  // namespace

struct Formula::Program {
  FormulaSteps steps;
  std::vector<Band> bands;
};

namespace {

/// Recursive descent: sum, product, sign, power, value; a value is an operand of the steps.
class Parser {
 public:
  Parser(std::string_view text, FormulaSteps& steps, std::vector<Band>& bands)
      : text_(text), steps_(steps), bands_(bands) {}

  Result<> parse() {
    VEDETTE_TRY(whole, sum(0));
    skip();
    if (at_ < text_.size()) return wrong(fmt::format("'{}' does not belong here", text_[at_]));
    if (bands_.empty()) return wrong("no band is used; write B, G, R, RE or N");
    steps_.result = whole;
    return {};
  }

 private:
  using Value = FormulaSteps::Operand;

  std::unexpected<Error> wrong(std::string what) const {
    return fail(ErrorCode::kUsage, fmt::format("the formula \"{}\" is wrong at character {}: {}",
                                               text_, at_ + 1, what));
  }

  void skip() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t')) ++at_;
  }
  bool take(char c) {
    skip();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  Result<Value> sum(int depth) {
    if (depth > kMostDepth) return wrong("too many parentheses within each other");
    VEDETTE_TRY(first, product(depth));
    Value left = first;
    while (true) {
      const bool is_plus = take('+');
      if (!is_plus && !take('-')) return left;
      VEDETTE_TRY(right, product(depth));
      VEDETTE_TRY(joined, add(is_plus ? Operation::kAdd : Operation::kSubtract, left, right));
      left = joined;
    }
  }

  Result<Value> product(int depth) {
    VEDETTE_TRY(first, sign(depth));
    Value left = first;
    while (true) {
      const bool is_times = take('*');
      if (!is_times && !take('/')) return left;
      VEDETTE_TRY(right, sign(depth));
      VEDETTE_TRY(joined, add(is_times ? Operation::kMultiply : Operation::kDivide, left, right));
      left = joined;
    }
  }

  Result<Value> sign(int depth) {
    if (depth > kMostDepth) return wrong("too many signs or parentheses");
    if (take('+')) return sign(depth + 1);
    if (take('-')) {
      VEDETTE_TRY(zero, constant(0));
      VEDETTE_TRY(operand, sign(depth + 1));
      return add(Operation::kSubtract, zero, operand);
    }
    return power(depth);
  }

  Result<Value> power(int depth) {
    VEDETTE_TRY(base, value(depth));
    if (!take('^')) return base;
    VEDETTE_TRY(exponent, sign(depth + 1));
    // Squares are what indices have; pow() would cost as much as all the rest.
    if (exponent.kind == Value::Kind::kConstant) {
      const double power_of = steps_.constants[exponent.index];
      if (power_of == 2) return add(Operation::kMultiply, base, base);
      if (power_of == 0.5) return add(Operation::kRoot, base, base);
    }
    return add(Operation::kPower, base, exponent);
  }

  Result<Value> value(int depth) {
    if (take('(')) {
      VEDETTE_TRY(inside, sum(depth + 1));
      if (!take(')')) return wrong("a ) is missing");
      return inside;
    }
    skip();
    if (at_ >= text_.size()) return wrong("it ends where a value is expected");
    if (is_digit(text_[at_]) || text_[at_] == '.') return number();
    if (is_letter(text_[at_])) return word(depth);
    return wrong(fmt::format("'{}' does not belong here", text_[at_]));
  }

  Result<Value> number() {
    double parsed = 0;
    const char* begin = text_.data() + at_;
    const auto [end, problem] = std::from_chars(begin, text_.data() + text_.size(), parsed);
    if (problem != std::errc() || !std::isfinite(parsed)) return wrong("this is no number");
    at_ += static_cast<std::size_t>(end - begin);
    return constant(parsed);
  }

  Result<Value> word(int depth) {
    const std::size_t begin = at_;
    while (at_ < text_.size() && (is_letter(text_[at_]) || is_digit(text_[at_]))) ++at_;
    const std::string_view name = text_.substr(begin, at_ - begin);
    struct Function {
      std::string_view name;
      Operation operation;
      int arguments;
    };
    static constexpr std::array kFunctions{
        Function{"sqrt", Operation::kRoot, 1},    Function{"abs", Operation::kAbsolute, 1},
        Function{"exp", Operation::kExponent, 1}, Function{"log", Operation::kLogarithm, 1},
        Function{"min", Operation::kLeast, 2},    Function{"max", Operation::kMost, 2}};
    for (const Function& function : kFunctions) {
      if (function.name != name) continue;
      if (!take('(')) return wrong(fmt::format("{} needs a (", name));
      VEDETTE_TRY(first, sum(depth + 1));
      Value second = first;
      if (function.arguments == 2) {
        if (!take(',')) return wrong(fmt::format("{} needs two values with a comma", name));
        VEDETTE_TRY(other, sum(depth + 1));
        second = other;
      }
      if (!take(')')) return wrong("a ) is missing");
      return add(function.operation, first, second);
    }
    for (const Band band : kBands) {
      if (symbol(band) == name) return band_of(band);
    }
    at_ = begin;
    return wrong(
        fmt::format("'{}' is neither a band (B, G, R, RE, N) nor sqrt, abs, min, max, "
                    "exp or log",
                    name));
  }

  Result<Value> constant(double number) {
    if (steps_.constants.size() >= kMostValues) return wrong("it has too many numbers");
    steps_.constants.push_back(number);
    return Value{Value::Kind::kConstant, static_cast<std::uint8_t>(steps_.constants.size() - 1)};
  }

  Value band_of(Band band) {
    const auto found = std::ranges::find(bands_, band);
    const auto index = static_cast<std::uint8_t>(found - bands_.begin());
    if (found == bands_.end()) bands_.push_back(band);
    return {Value::Kind::kBand, index};
  }

  Result<Value> add(Operation operation, Value a, Value b) {
    if (a.kind == Value::Kind::kConstant && b.kind == Value::Kind::kConstant) {
      return constant(
          FormulaSteps::apply(operation, steps_.constants[a.index], steps_.constants[b.index]));
    }
    if (steps_.steps.size() >= kMostValues) return wrong("it is too long");
    steps_.steps.push_back({operation, a, b});
    return Value{Value::Kind::kStep, static_cast<std::uint8_t>(steps_.steps.size() - 1)};
  }

  std::string_view text_;
  std::size_t at_ = 0;
  FormulaSteps& steps_;
  std::vector<Band>& bands_;
};

}  // namespace

Result<Formula> Formula::parse(std::string_view text) {
  if (text.size() > kMostText) {
    return fail(ErrorCode::kUsage, fmt::format("a formula has at most {} characters", kMostText));
  }
  auto program = std::make_shared<Program>();
  VEDETTE_CHECK(Parser(text, program->steps, program->bands).parse());
  program->steps.assign_registers();
  Formula formula;
  formula.program_ = std::move(program);
  return formula;
}

std::span<const Band> Formula::bands() const {
  return program_->bands;
}

void Formula::evaluate(std::span<const BandValues> bands, std::span<float> out) const {
  program_->steps.evaluate(bands, out);
}

double Formula::evaluate_one(std::span<const double> bands) const {
  return program_->steps.evaluate_one(bands);
}

}  // namespace vedette::imagery
