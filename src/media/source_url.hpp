// What a source's text means: its kind, the name libav opens it by, and the text shown to people.
// Only inside src/media.
#pragma once

#include <string>

#include "media/frame_source.hpp"

namespace vedette::media {

struct SourceUrl {
  SourceKind kind = SourceKind::kFile;
  /// For a file or device its path; else the URL with its password.
  std::string path;
  /// What avformat_open_input gets.
  std::string open_name;
  /// For error messages.
  std::string shown;
};

/// Whether this source has an end and waits for nobody.
inline bool is_file(SourceKind kind) {
  return kind == SourceKind::kFile || kind == SourceKind::kLoop;
}

/// Reads a source's text. kInvalid for an unknown scheme or an empty text.
Result<SourceUrl> parse_source_url(const SourceOptions& options);

/// Says what is wrong with a file before libav tries it: missing, a folder, empty, not readable.
Result<> check_file(const SourceUrl& url);

/// The sentence for libav's error number when opening or reading this source.
Error source_error(const SourceUrl& url, int av_error, bool while_opening);

/// The sentence for a source from which nothing came in time.
Error stall_error(const SourceUrl& url, Micros waited, bool while_opening, bool saw_data);

}  // namespace vedette::media
