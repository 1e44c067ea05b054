// The vegetation indices: a table as data, and formulas that users add. An index is a formula over
// the bands B, G, R, RE and N; one engine evaluates all of them over blocks. Any thread.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "imagery/bands.hpp"

namespace vedette::imagery {

/// What the numbers of the bands must be.
enum class Needs {
  kSameScale,    // a ratio: any numbers, if all bands share one scale
  kReflectance,  // has constants that only fit reflectance from 0 to 1
  kScaled,       // grows with the numbers: comparable only within one picture, said beside it
};

struct IndexDefinition {
  std::string name;     // "ndvi": small letters, digits and underscores
  std::string title;    // "NDVI", "Normalized difference vegetation index"
  std::string formula;  // "(N - R) / (N + R)"
  Needs needs = Needs::kSameScale;
  /// The range of its values on plants, for histograms and colours; absent: unbounded, taken from
  /// the picture.
  std::optional<double> low;
  std::optional<double> high;
  std::string source;       // paper or list
  bool is_default = false;  // computed unless others are asked for
};

/// The built-in table, in the order pages show.
std::span<const IndexDefinition> index_table();
const IndexDefinition* find_index(std::string_view name);

/// Numbers of a band, and what makes values of them: number * factor + offset.
struct BandValues {
  const float* numbers = nullptr;
  double factor = 1;
  double offset = 0;
};

/// A formula that was read and checked: numbers, B G R RE N, + - * / ^, parentheses, sqrt, abs,
/// min, max, exp, log. Immutable; copies share.
class Formula {
 public:
  /// kUsage with the place of the mistake. At most 500 characters, 64 values at once.
  static Result<Formula> parse(std::string_view text);

  /// The bands it uses, each once.
  std::span<const Band> bands() const;

  /// out[i] of the bands' [i]. `bands` in the order of bands(), each out.size() long. NaN in gives
  /// NaN out; what is not finite (0/0, 1/0) becomes NaN. Computed in double.
  void evaluate(std::span<const BandValues> bands, std::span<float> out) const;
  /// One pixel, by the plain way: for tests and for a value under the pointer.
  double evaluate_one(std::span<const double> bands) const;

 private:
  struct Program;
  std::shared_ptr<const Program> program_;
};

struct Index {
  IndexDefinition definition;
  Formula formula;
};

/// A user's index: "name = formula" with optional "; low..high" and "; reflectance", such as
/// "mine = (N - RE) / (N + RE + 0.1); -1..1; reflectance". kUsage says what is wrong.
Result<IndexDefinition> parse_user_index(std::string_view text);

/// The table and the user's indices, ready to evaluate; `wanted` names some, empty means the
/// defaults and all of the user's. kUsage for a name nobody knows, or one given twice.
Result<std::vector<Index>> make_indices(std::span<const std::string> wanted,
                                        std::span<const IndexDefinition> user = {});

}  // namespace vedette::imagery
