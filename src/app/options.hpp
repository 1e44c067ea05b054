// What the settings mean to the other folders: their own option structs, filled from Settings in
// one place. Called by the commands at the start. Pure.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "base/error.hpp"
#include "blob/options.hpp"
#include "config/settings.hpp"
#include "db/database.hpp"
#include "http/auth.hpp"
#include "http/server.hpp"
#include "work/lease.hpp"
#include "work/role.hpp"

namespace vedette::app {

db::DatabaseOptions database_options(const config::Settings& settings);
blob::StoreOptions blob_options(const config::Settings& settings);
http::ServerOptions server_options(const config::Settings& settings);
http::AuthOptions auth_options(const config::Settings& settings);
/// What stands in front of a key in an object's address, "https://b.s3.r.amazonaws.com/"; empty:
/// objects are files of a folder.
std::string object_base(const config::Settings& settings);
/// Where other processes reach the server that listens on `port`: "http://host:port".
std::string own_address(const config::Settings& settings, std::uint16_t port);
work::Roles roles(const config::Settings& settings);
work::LeaseOptions lease_options(const config::Settings& settings);

/// Makes the data folder, readable by its owner only, where it is missing. kUnavailable with the
/// remedy when it cannot be made.
Result<> make_data_folder(const config::Settings& settings);

/// The file of a "sqlite:FILE" URL; nullopt for other databases.
std::optional<std::filesystem::path> sqlite_file(std::string_view url);

}  // namespace vedette::app
