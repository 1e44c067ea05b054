// The header fields of tus 1.0 (resumable uploads), read from foreign bytes. Pure. Private to
// src/api/imagery.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <string_view>

namespace vedette::api {

/// `Upload-Metadata`: pairs of a name and a value in base64, by commas; a name alone has an empty
/// value. nullopt: it does not parse, a name comes twice, or a value is no text.
std::optional<std::map<std::string, std::string, std::less<>>> read_upload_metadata(
    std::string_view field);

/// RFC 4648, with or without its padding; nullopt for anything else.
std::optional<std::string> decode_base64(std::string_view text);

}  // namespace vedette::api
