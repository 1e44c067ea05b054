#include "db/postgres/postgres_backend.hpp"

namespace vedette::db {

Result<std::unique_ptr<Backend>> open_postgres(const DatabaseOptions&) {
  return fail(ErrorCode::kUnsupported, "PostgreSQL is not built in yet.");
}

}  // namespace vedette::db
