#include "traffic/tracker_assignment.hpp"

#include <algorithm>
#include <cassert>
#include <limits>

namespace vedette::traffic {
namespace {

constexpr float kForbidden = std::numeric_limits<float>::infinity();
constexpr double kFar = std::numeric_limits<double>::infinity();

}  // namespace

Assignment::Assignment(std::size_t max_rows, std::size_t max_columns)
    : costs_(max_rows * max_columns),
      row_degree_(max_rows),
      column_degree_(max_columns),
      result_(max_rows),
      row_price_(max_rows + 1),
      column_price_(max_rows + max_columns + 1),
      slack_(max_rows + max_columns + 1),
      row_of_column_(max_rows + max_columns + 1),
      came_from_(max_rows + max_columns + 1),
      visited_(max_rows + max_columns + 1) {}

void Assignment::reset(std::size_t rows, std::size_t columns) {
  assert(rows <= row_degree_.size() && columns <= column_degree_.size());
  rows_ = static_cast<int>(rows);
  columns_ = static_cast<int>(columns);
  std::fill_n(costs_.begin(), rows * columns, kForbidden);
  std::fill_n(row_degree_.begin(), rows, 0);
  std::fill_n(column_degree_.begin(), columns, 0);
}

void Assignment::allow(std::size_t row, std::size_t column, float cost) {
  costs_[row * static_cast<std::size_t>(columns_) + column] = cost;
  ++row_degree_[row];
  ++column_degree_[column];
}

std::span<const int> Assignment::solve(float alone) {
  const auto rows = static_cast<std::size_t>(rows_);
  const auto columns = static_cast<std::size_t>(columns_);
  const std::size_t all = rows + columns + 1;
  std::fill_n(result_.begin(), rows, kNone);
  std::fill_n(row_price_.begin(), rows + 1, 0.0);
  std::fill_n(column_price_.begin(), all, 0.0);
  std::fill_n(row_of_column_.begin(), all, 0);

  for (std::size_t row = 0; row < rows; ++row) {
    if (row_degree_[row] == 0) continue;
    if (row_degree_[row] == 1) {
      // A pair that has only each other needs no search; most pairs of a usual picture are such.
      const float* costs = costs_.data() + row * columns;
      const auto only =
          std::find_if(costs, costs + columns, [](float c) { return c < kForbidden; });
      const auto column = static_cast<std::size_t>(only - costs);
      if (column_degree_[column] == 1) {
        result_[row] = static_cast<int>(column);
        continue;
      }
    }
    place(static_cast<int>(row) + 1, alone);
  }
  for (std::size_t column = 1; column <= columns; ++column) {
    if (const int row = row_of_column_[column]; row > 0) {
      result_[static_cast<std::size_t>(row - 1)] = static_cast<int>(column) - 1;
    }
  }
  return std::span<const int>(result_).first(rows);
}

double Assignment::cost(int row, int column, double alone) const {
  if (column <= columns_) {
    return costs_[static_cast<std::size_t>((row - 1) * columns_ + column - 1)];
  }
  return column - columns_ == row ? alone : kFar;
}

// Finds the cheapest chain of changes that gives this row a column (H. W. Kuhn 1955, in the O(n^3)
// form with prices).
void Assignment::place(int row, double alone) {
  const int all = columns_ + rows_;
  std::fill_n(slack_.begin(), all + 1, kFar);
  std::fill_n(visited_.begin(), all + 1, char{0});
  row_of_column_[0] = row;
  int column = 0;
  do {
    const auto here = static_cast<std::size_t>(column);
    visited_[here] = 1;
    const int from = row_of_column_[here];
    double step = kFar;
    int next = 0;
    for (int c = 1; c <= all; ++c) {
      const auto at = static_cast<std::size_t>(c);
      if (visited_[at]) continue;
      const double reduced =
          cost(from, c, alone) - row_price_[static_cast<std::size_t>(from)] - column_price_[at];
      if (reduced < slack_[at]) {
        slack_[at] = reduced;
        came_from_[at] = column;
      }
      if (slack_[at] < step) {
        step = slack_[at];
        next = c;
      }
    }
    for (int c = 0; c <= all; ++c) {
      const auto at = static_cast<std::size_t>(c);
      if (visited_[at]) {
        row_price_[static_cast<std::size_t>(row_of_column_[at])] += step;
        column_price_[at] -= step;
      } else {
        slack_[at] -= step;
      }
    }
    column = next;
  } while (row_of_column_[static_cast<std::size_t>(column)] != 0);
  do {
    const int before = came_from_[static_cast<std::size_t>(column)];
    row_of_column_[static_cast<std::size_t>(column)] =
        row_of_column_[static_cast<std::size_t>(before)];
    column = before;
  } while (column != 0);
}

}  // namespace vedette::traffic
