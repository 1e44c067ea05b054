// Which tables and indexes a migration's text leaves behind, so that a database can be asked
// whether they are still there. Used by db/migration. Pure.
#pragma once

#include <set>
#include <string>
#include <string_view>

namespace vedette::db {

/// "table lease", "index crossings_time": lower case, without their schema.
using SchemaThings = std::set<std::string, std::less<>>;

/// Adds to `things` what the statements of `sql` create, and takes away what they drop or rename.
/// Knows CREATE TABLE, CREATE INDEX, DROP TABLE, DROP INDEX, ALTER TABLE ... RENAME TO; a dropped
/// table's indexes must be dropped by name. Comments, quoted text and dollar-quoted blocks are
/// passed over.
void follow(std::string_view sql, SchemaThings& things);

}  // namespace vedette::db
