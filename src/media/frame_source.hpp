// Where pictures come from: a file, a looped file that stands in for a camera, an RTSP or HTTP
// stream, a V4L2 device. Used by the watch pipeline: open_source, then next() from one thread until
// it ends or fails; a live source that failed is closed and opened again by the caller, with
// backoff. stats() may be called from any thread.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.hpp"
#include "base/time.hpp"
#include "media/frame.hpp"

namespace vedette::media {

enum class SourceKind { kFile, kLoop, kRtsp, kHttp, kDevice };

/// "file", "loop", "rtsp", "http" or "device".
std::string_view name(SourceKind kind);

struct SourceOptions {
  /// A path or file: URL; a folder of recordings or a list of them (files:FIRST;SECOND), which are
  /// read one behind the other as one record; rtsp:// or rtsps://; http:// or https:// (MJPEG,
  /// MPEG-TS and what libav reads over HTTP); /dev/videoN or v4l2:/dev/videoN.
  std::string url;
  /// Files only: play endlessly at the file's own pace, as a camera would.
  bool loop = false;
  /// Threads of the decoder. More than 1 adds delay and memory; the pictures are the same.
  int decoder_threads = 1;
  Micros open_timeout = std::chrono::seconds{10};
  /// No data for this long is a stall: next() fails with kTimeout.
  Micros read_timeout = std::chrono::seconds{10};
  /// Larger pictures are refused with kTooLarge.
  int max_width = 8192;
  int max_height = 8192;
  /// Bytes read at most to find out what a stream holds.
  std::int64_t max_probe_bytes = 5'000'000;
  bool rtsp_over_udp = false;
  /// Files are read from these folders (and those in them) alone, else kForbidden; none: from
  /// everywhere.
  std::vector<std::string> file_folders;
  /// https:// only: whoever signed the camera's certificate, it is taken. Else one that this
  /// machine does not trust is kForbidden.
  bool any_certificate = false;
};

struct SourceInfo {
  /// kFile also for what comes over HTTP and has an end.
  SourceKind kind = SourceKind::kFile;
  /// The source as text for people: secrets are masked.
  std::string shown_url;
  std::string codec;
  int width = 0;
  int height = 0;
  /// Frames a second by the container, or 0 when it does not say.
  double fps = 0;
  std::optional<Micros> duration;
  /// Of a record: how many files it has, and how they were put in order (words; empty for one).
  int files = 1;
  std::string order;
  /// A sentence about files beside it that are not read; mostly empty.
  std::string left_out;
};

struct SourceStats {
  std::int64_t decoded = 0;
  /// Decoded, but replaced by a newer frame before anyone took it. Always 0 for a plain file.
  std::int64_t dropped = 0;
  double dropped_share() const {
    return decoded > 0 ? static_cast<double>(dropped) / static_cast<double>(decoded) : 0;
  }
  /// Packets or pictures that could not be decoded and were left out.
  std::int64_t corrupt = 0;
  /// Decoded frames a second over about the last two seconds of wall time.
  double fps = 0;
  std::optional<Instant> last_frame_at;
  int period = 0;
};

/// Several recordings as the text of one source.
std::string files_address(const std::vector<std::string>& paths);

/// Whether the text means a file, or several (and not a stream or a device); false for what is no
/// source.
bool is_file_source(std::string_view url);

class FrameSource {
 public:
  virtual ~FrameSource() = default;

  /// The next frame. Plain file: every frame in order, as fast as it is asked for; then nullopt.
  /// A file that is cut off gives its frames, then once an error kCorrupt that says so, then
  /// nullopt; of a record, what cannot be read is told in the same way, and the next file follows.
  /// Others: waits for a frame newer than the last one given, older unread ones are
  /// dropped (of a stream that comes in bursts, a few are kept and given at its own pace); never
  /// nullopt, an ended stream is an error kUnavailable. After an error of a live source it stays
  /// failed. Returns kCancelled soon after a stop is asked for.
  virtual Result<std::optional<Frame>> next(const std::stop_token& stop) = 0;

  /// Of a file or record, before the first next(): takes note of a frame that is known from an
  /// earlier reading (its picture is not needed), beginning with the first one, without a hole.
  /// next() then goes on behind them as if they had been read, which costs little where the file
  /// can be entered near that place. kConflict, here or from next(): the recording is not what it
  /// was then; it has to be opened and read anew.
  virtual Result<> pass(const Frame& known, const std::stop_token& stop);

  virtual SourceInfo info() const = 0;
  virtual SourceStats stats() const = 0;
};

/// The error of pass().
std::unexpected<Error> not_the_same_recording(std::string_view shown);

/// Opens a source and reads far enough to know its codec and size. Blocks up to open_timeout. Each
/// error is one sentence with cause and remedy; passwords in URLs are never in it.
Result<std::unique_ptr<FrameSource>> open_source(const SourceOptions& options,
                                                 const std::stop_token& stop = {});

/// What is wrong with the text of a source, without opening it: kInvalid with a sentence that says
/// what it is instead, or kForbidden by the folders. For those who store one.
Result<> check_source(const SourceOptions& options);

}  // namespace vedette::media
