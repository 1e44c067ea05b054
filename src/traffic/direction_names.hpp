// What the two directions over a line are called: the owner's words, else words from how the line
// lies in the picture. The one place that says so, for API, pages, trial, CSV and command line.
#pragma once

#include <string>

#include "traffic/line_counter.hpp"
#include "traffic/scene.hpp"

namespace vedette::traffic {

struct Line;

/// "up", "down", "left" or "right": where who crosses in this direction moves in the picture,
/// mostly. y is down; a to b goes to the right of the line, looking from its first point to its
/// second.
std::string direction_from_geometry(Point first, Point second, Direction direction);

/// The owner's word where there is one, else that from geometry.
std::string direction_name(const Line& line, Direction direction);
std::string direction_name(const CountingLine& line, Direction direction);

/// "\u2193", ... for the words from geometry.
std::string direction_arrow(const CountingLine& line, Direction direction);

}  // namespace vedette::traffic
