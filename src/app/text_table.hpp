// Columns of text for a terminal or a pipe: used by the commands that list things. Pure.
#pragma once

#include <string>
#include <vector>

#include "base/time.hpp"

namespace vedette::app {

using TextRow = std::vector<std::string>;

/// Rows under a header, columns padded to their widest cell (UTF-8 counted by characters), two
/// spaces between; the last column is not padded. Ends with a line break.
std::string text_table(const TextRow& header, const std::vector<TextRow>& rows);

/// `text`, or as much of it as leaves room for "..." within `width` characters.
std::string shortened(const std::string& text, std::size_t width);

/// "40 s", "3 min", "5 h 10 min", "4 days"; a negative time is none.
std::string time_text(Micros time);

/// Whether standard output is a terminal: only there are progress bars and colours.
bool is_terminal();

}  // namespace vedette::app
