// Which row goes with which column so that the costs together are least: the tracker's matching of
// tracks and boxes. Exact; all memory is taken at construction. One thread.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace vedette::traffic {

class Assignment {
 public:
  static constexpr int kNone = -1;

  Assignment(std::size_t max_rows, std::size_t max_columns);

  /// Starts a problem of this size (within the bounds of the constructor) without any pair allowed.
  void reset(std::size_t rows, std::size_t columns);

  /// Allows a pair at this cost, which is below that of leaving the row alone. Once a pair.
  void allow(std::size_t row, std::size_t column, float cost);

  /// The column of each row, or kNone: the choice of least sum, where a row left alone costs
  /// `alone`. Valid until the next reset.
  std::span<const int> solve(float alone);

 private:
  void place(int row, double alone);
  double cost(int row, int column, double alone) const;

  int rows_ = 0;
  int columns_ = 0;
  std::vector<float> costs_;  // rows_ by columns_; kForbidden where not allowed
  std::vector<int> row_degree_;
  std::vector<int> column_degree_;
  std::vector<int> result_;
  // The Hungarian method with prices, over real columns and then one of its own for each row, which
  // stands for "alone". Index 0 is the method's starting point, so all count from 1.
  std::vector<double> row_price_;
  std::vector<double> column_price_;
  std::vector<double> slack_;
  std::vector<int> row_of_column_;
  std::vector<int> came_from_;
  std::vector<char> visited_;
};

}  // namespace vedette::traffic
