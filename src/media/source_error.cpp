#include "media/source_error.hpp"

#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "media/av.hpp"

namespace vedette::media {

Result<> check_file(const SourceUrl& url) {
  struct stat facts{};
  if (stat(url.path.c_str(), &facts) != 0) {
    const int reason = errno;
    if (reason == EACCES) {
      return fail(
          ErrorCode::kForbidden,
          fmt::format("The file {} may not be read by this user; change its or its folder's "
                      "permissions.",
                      url.shown));
    }
    return fail(ErrorCode::kNotFound,
                fmt::format("There is no file {}; check the path{}.", url.shown,
                            url.path.starts_with('/')
                                ? ""
                                : ", or write rtsp:// or http:// before it if it is a camera"),
                std::strerror(reason));
  }
  if (S_ISDIR(facts.st_mode)) {
    return fail(ErrorCode::kInvalid,
                fmt::format("The path {} is a folder; name a video file in it.", url.shown));
  }
  if (!S_ISREG(facts.st_mode)) {
    return fail(
        ErrorCode::kInvalid,
        fmt::format("The path {} is not a regular file; name a video file, or write v4l2:{} for a "
                    "camera device.",
                    url.shown, url.shown));
  }
  if (facts.st_size == 0) {
    return fail(ErrorCode::kCorrupt,
                fmt::format("The file {} is empty (0 bytes); copy or record it again.", url.shown));
  }
  if (access(url.path.c_str(), R_OK) != 0) {
    return fail(ErrorCode::kForbidden,
                fmt::format("The file {} may not be read by this user; change its permissions.",
                            url.shown));
  }
  return {};
}

Error source_error(const SourceUrl& url, int av_error, bool while_opening) {
  const auto detail = av_text(av_error);
  const auto make = [&](ErrorCode code, std::string text) {
    auto error = fail(code, std::move(text), detail).error();
    // Cameras come back; a file does not heal.
    error.retryable = !is_file(url.kind);
    return error;
  };
  const auto& shown = url.shown;
  switch (av_error) {
    case AVERROR(ECONNREFUSED):
      return make(
          ErrorCode::kUnavailable,
          fmt::format(
              "The camera {} refuses the connection; check that the camera is on and that the "
              "port is right.",
              shown));
    case AVERROR(ETIMEDOUT):
      return make(
          ErrorCode::kTimeout,
          fmt::format(
              "The camera {} does not answer; check the address, the cable and the network.",
              shown));
    case AVERROR(EHOSTUNREACH):
    case AVERROR(ENETUNREACH):
      return make(
          ErrorCode::kUnavailable,
          fmt::format("There is no way to {} through the network; check the address and the "
                      "cable.",
                      shown));
    case AVERROR_HTTP_UNAUTHORIZED:
      return make(
          ErrorCode::kUnavailable,
          fmt::format(
              "The camera {} wants another user name or password (401); write them into the "
              "address as user:password@.",
              shown));
    case AVERROR_HTTP_FORBIDDEN:
      return make(
          ErrorCode::kUnavailable,
          fmt::format(
              "The camera {} forbids access (403); give this user the right to view it in the "
              "camera's settings.",
              shown));
    case AVERROR_HTTP_NOT_FOUND:
      return make(
          ErrorCode::kUnavailable,
          fmt::format("The camera {} knows no such stream (404); check the path in the address.",
                      shown));
    case AVERROR_HTTP_BAD_REQUEST:
    case AVERROR_HTTP_OTHER_4XX:
      return make(
          ErrorCode::kUnavailable,
          fmt::format("The camera {} rejects the request (4xx); check the path in the address.",
                      shown));
    case AVERROR_HTTP_SERVER_ERROR:
      return make(
          ErrorCode::kUnavailable,
          fmt::format("The camera {} reports an error of its own (5xx); restart the camera if it "
                      "stays so.",
                      shown));
    case AVERROR_PROTOCOL_NOT_FOUND:
      return make(
          ErrorCode::kUnsupported,
          fmt::format("The camera {} leads to a protocol that is not allowed here; use rtsp:// or "
                      "http:// directly.",
                      shown));
    default:
      break;
  }
  switch (url.kind) {
    case SourceKind::kDevice:
      if (av_error == AVERROR(ENOENT) || av_error == AVERROR(ENODEV) ||
          av_error == AVERROR(ENXIO)) {
        return make(
            ErrorCode::kUnavailable,
            fmt::format("There is no camera {}; plug it in and look under /dev/video*.", shown));
      }
      if (av_error == AVERROR(EACCES) || av_error == AVERROR(EPERM)) {
        return make(ErrorCode::kUnavailable,
                    fmt::format("The camera {} may not be read by this user; add the user to the "
                                "group video.",
                                shown));
      }
      if (av_error == AVERROR(EBUSY)) {
        return make(
            ErrorCode::kUnavailable,
            fmt::format("The camera {} is used by another program; close that one.", shown));
      }
      return make(
          ErrorCode::kUnavailable,
          fmt::format("The camera {} cannot be read; unplug it and plug it in again.", shown));
    case SourceKind::kRtsp:
    case SourceKind::kHttp:
      if (av_error == AVERROR_EOF || av_error == AVERROR(ECONNRESET) ||
          av_error == AVERROR(EPIPE) || (av_error == AVERROR(EIO) && !while_opening)) {
        return make(
            ErrorCode::kUnavailable,
            while_opening
                ? fmt::format(
                      "The camera {} closed the connection without sending video; check that "
                      "this address is a video stream.",
                      shown)
                : fmt::format(
                      "The stream of {} ended; if it ends often, check the camera's power and "
                      "network.",
                      shown));
      }
      if (av_error == AVERROR_INVALIDDATA) {
        return make(
            ErrorCode::kCorrupt,
            fmt::format(
                "The camera {} sends data that is not video that can be read; check the address "
                "and set the camera to H.264 or MJPEG.",
                shown));
      }
      return make(ErrorCode::kUnavailable,
                  fmt::format("The camera {} cannot be reached; check the address and the network.",
                              shown));
    case SourceKind::kFile:
    case SourceKind::kLoop:
      break;
  }
  if (av_error == AVERROR_INVALIDDATA || av_error == AVERROR_EOF) {
    return make(
        ErrorCode::kCorrupt,
        fmt::format(
            "The file {} is not a video file that can be read, or its index is cut off; play "
            "it with ffplay to see, and copy or record it again.",
            shown));
  }
  // What libav says of a format outside the list it may use.
  if (av_error == AVERROR(EINVAL)) {
    return make(
        ErrorCode::kUnsupported,
        fmt::format(
            "The file {} is a playlist or of a format that is not read here; name a video file "
            "(MP4, AVI, MKV, TS).",
            shown));
  }
  return make(ErrorCode::kUnavailable,
              fmt::format("The file {} cannot be read; check the file and its disk.", shown));
}

Error stall_error(const SourceUrl& url, Micros waited, bool while_opening, bool saw_data) {
  const auto seconds = to_seconds(waited);
  if (saw_data) {
    return fail(ErrorCode::kTimeout, fmt::format("The camera {} sends data but for {:.0f} s no "
                                                 "picture that can be decoded; set it to "
                                                 "H.264 or MJPEG and check its network.",
                                                 url.shown, seconds))
        .error();
  }
  if (while_opening) {
    return fail(ErrorCode::kTimeout, fmt::format("The camera {} did not answer within {:.0f} s; "
                                                 "check the address and whether the "
                                                 "camera is on.",
                                                 url.shown, seconds))
        .error();
  }
  return fail(ErrorCode::kTimeout,
              fmt::format(
                  "The camera {} has sent nothing for {:.0f} s; check the camera and its network.",
                  url.shown, seconds))
      .error();
}

}  // namespace vedette::media
