// Values on the wire from PostgreSQL: binary where the type is known, text elsewhere. Internal to
// db/postgres.
#pragma once

#include "db/rows.hpp"

struct pg_result;

namespace vedette::db {

/// Whether cells of this type can be read in binary form.
bool is_binary_type(unsigned type);

/// Appends one cell of a result, in whichever form it came.
void add_cell(const pg_result* result, int row, int column, Rows& rows);

}  // namespace vedette::db
