// The sentences for a source that cannot be opened or read: cause and remedy, never libav's own
// words, never a secret, and never beginning with an address. Only inside src/media.
#pragma once

#include "media/source_url.hpp"

namespace vedette::media {

/// Says what is wrong with a file before libav tries it: missing, a folder, empty, not readable.
Result<> check_file(const SourceUrl& url);

/// The sentence for libav's error number when opening or reading this source.
Error source_error(const SourceUrl& url, int av_error, bool while_opening);

/// The sentence for a source from which nothing came in time.
Error stall_error(const SourceUrl& url, Micros waited, bool while_opening, bool saw_data);

}  // namespace vedette::media
