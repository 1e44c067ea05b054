// The migrations of all folders, in one list: what `vedette serve` and `vedette db migrate` apply,
// and how far a database is. Any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "db/migration.hpp"

namespace vedette::app {

/// By version. Lives as long as the program.
std::span<const db::Migration> all_migrations();

/// The newest step that was applied to the database; 0: none, or not Vedette's. Changes nothing.
Result<int> applied_version(db::Database& database);

/// The file of a "sqlite:FILE" URL; nullopt for other databases.
std::optional<std::filesystem::path> sqlite_file(std::string_view url);

}  // namespace vedette::app
