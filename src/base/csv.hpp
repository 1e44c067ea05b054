// A field of CSV (RFC 4180), for answers and exports. Pure; any thread.
#pragma once

#include <string>
#include <string_view>

namespace vedette {

/// Quoted where needed. Text that a spreadsheet would take for a formula gets an apostrophe in
/// front.
std::string csv_field(std::string_view text);

}  // namespace vedette
