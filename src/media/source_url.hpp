// What a source's text means: its kind, the name libav opens it by, and the text shown to people.
// Only inside src/media.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "base/address.hpp"
#include "media/frame_source.hpp"

namespace vedette::media {

struct SourceUrl {
  SourceKind kind = SourceKind::kFile;
  /// For a file or device its path; else the URL with its password.
  std::string path;
  /// What avformat_open_input gets.
  std::string open_name;
  /// For error messages: without secrets.
  std::string shown;
  /// Of a stream from the network.
  std::optional<Address> address;
  /// As SourceOptions have it.
  bool any_certificate = false;
  /// Of several recordings that are one record (files:): their paths, files or folders.
  std::vector<std::string> parts;
};

/// Whether this source has an end and waits for nobody.
inline bool is_file(SourceKind kind) {
  return kind == SourceKind::kFile || kind == SourceKind::kLoop;
}

/// What a file or a part of a record is to those who open it.
SourceUrl file_url(std::string path, SourceKind kind = SourceKind::kFile);

/// "first.mp4 and 11 more".
std::string shown_list(std::string_view first, std::size_t count);

/// Reads a source's text; blanks around it and the case of its scheme do not matter. kInvalid for
/// what is no source here, with a sentence that says what it is and how to write it.
Result<SourceUrl> parse_source_url(const SourceOptions& options);

/// kForbidden when this is a file outside of the folders that files may be read from, whether it
/// exists or not.
Result<> check_folder(const SourceUrl& url, const SourceOptions& options);

}  // namespace vedette::media
