// The migrations of all folders, in one list: what `vedette serve` and `vedette db migrate` apply.
// Any thread.
#pragma once

#include <filesystem>
#include <optional>
#include <span>
#include <string_view>

#include "db/migration.hpp"

namespace vedette::app {

/// Lives as long as the program.
std::span<const db::Migration> all_migrations();

/// The file of a "sqlite:FILE" URL; nullopt for other databases.
std::optional<std::filesystem::path> sqlite_file(std::string_view url);

}  // namespace vedette::app
