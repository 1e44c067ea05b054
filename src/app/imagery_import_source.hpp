// What `vedette import fields` is pointed at: the original crop platform's database, its folder
// with a .env, or a folder of pictures alone. Reads, and changes nothing there. One thread.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "blob/options.hpp"
#include "config/settings.hpp"

namespace vedette::app {

struct ImportSource {
  /// Of the original's PostgreSQL; empty: only pictures are taken.
  std::string database;
  /// For people, without secrets.
  std::string shown;
  /// Where files may lie, the first that has one wins.
  std::vector<std::filesystem::path> uploads;
  std::vector<std::filesystem::path> processed;
  /// The original's bucket; no bucket: none.
  blob::StoreOptions bucket;
};

/// `named`: a URL of PostgreSQL, or a folder. kUsage, kNotFound with what would be right.
Result<ImportSource> import_source(const std::string& named,
                                   const std::vector<std::string>& uploads,
                                   const std::vector<std::string>& processed,
                                   const config::Settings& settings);

/// The pictures in a folder and below, in the order of their names; hidden ones are none.
Result<std::vector<std::filesystem::path>> pictures_below(const std::filesystem::path& folder);

}  // namespace vedette::app
