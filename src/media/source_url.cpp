#include "media/source_url.hpp"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <vector>

#include "base/text.hpp"

namespace vedette::media {
namespace {

constexpr std::size_t kMaxUrl = 4096;
constexpr std::size_t kMaxList = 65'536;
constexpr std::string_view kList = "files:";
constexpr std::size_t kMostListed = 1'000;
constexpr std::string_view kNoBreakSpace = "\xc2\xa0";
constexpr std::string_view kKinds =
    "a video file, rtsp://, rtsps://, http://, https:// or /dev/videoN";
constexpr std::array<std::string_view, 4> kNetwork{"rtsp", "rtsps", "http", "https"};

bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

std::string_view without_blanks(std::string_view text) {
  for (;;) {
    const auto before = text.size();
    text = trim(text);
    if (text.starts_with(kNoBreakSpace)) text.remove_prefix(kNoBreakSpace.size());
    if (text.ends_with(kNoBreakSpace)) text.remove_suffix(kNoBreakSpace.size());
    if (text.size() == before) return text;
  }
}

bool exists(const std::string& path) {
  struct stat facts{};
  return stat(path.c_str(), &facts) == 0;
}

// /dev/videoN, or the lasting names udev gives it.
bool is_device(std::string_view path) {
  constexpr std::string_view kVideo = "/dev/video";
  if (path.starts_with(kVideo)) {
    const auto number = path.substr(kVideo.size());
    return !number.empty() && number.size() <= 3 && std::ranges::all_of(number, is_digit);
  }
  for (const std::string_view folder : {"/dev/v4l/by-id/", "/dev/v4l/by-path/"}) {
    if (path.starts_with(folder)) return path.substr(folder.size()).find('/') == path.npos;
  }
  return false;
}

std::unexpected<Error> no_source(std::string message) {
  return fail(ErrorCode::kInvalid, std::move(message));
}

// Letters up to a colon, as of a scheme; empty when there are none.
std::string prefix_of(std::string_view text) {
  std::size_t at = 0;
  const auto is_part = [](char c) {
    return (to_lower(c) >= 'a' && to_lower(c) <= 'z') || is_digit(c) || c == '+' || c == '-' ||
           c == '.' || c == '_';
  };
  while (at < text.size() && is_part(text[at])) ++at;
  const bool is_prefix = at > 0 && at < text.size() &&
                         (text[at] == ':' || text.substr(at).starts_with("//") || text[at] == ',');
  return is_prefix ? to_lower(text.substr(0, at)) : std::string();
}

// "10.0.0.1/x", "cam:554/x", "user:password@cam/x".
bool is_address_without_scheme(std::string_view text) {
  if (text.starts_with('/') || text.starts_with('.')) return false;
  if (text.contains('@')) return true;
  const auto host = text.substr(0, text.find('/'));
  const auto colon = host.find(':');
  const auto port = colon == std::string_view::npos ? "" : host.substr(colon + 1);
  if (!port.empty() && std::ranges::all_of(port, is_digit)) return true;
  const auto name = host.substr(0, colon);
  return name == "localhost" ||
         (std::ranges::count(name, '.') == 3 &&
          std::ranges::all_of(name, [](char c) { return is_digit(c) || c == '.'; }));
}

// With links and .. followed as far as they exist.
std::filesystem::path real_path(const std::string& path) {
  std::error_code failed;
  auto real = std::filesystem::weakly_canonical(std::filesystem::absolute(path, failed), failed);
  return failed ? std::filesystem::path() : real;
}

// Why a text without "://" is neither file nor device, if it is not.
Result<> check_path(const std::string& text) {
  if (exists(text)) return {};
  const auto prefix = prefix_of(text);
  const auto shown = mask_address(text);
  if (std::ranges::find(kNetwork, prefix) != kNetwork.end()) {
    return no_source(
        fmt::format("In {} the beginning is not right; write it as {}://, with a colon "
                    "and two slashes.",
                    shown, prefix));
  }
  if (is_address_without_scheme(text)) {
    return no_source(
        fmt::format("The address {} lacks its beginning; write rtsp:// or http:// "
                    "before it, as the camera's manual says.",
                    shown));
  }
  if (prefix.size() > 1) {
    return no_source(
        fmt::format("\"{}\" is not a kind of source that Vedette reads; use {}.", prefix, kKinds));
  }
  return {};
}

// A path of a list: %3B is a semicolon, %25 a percent sign.
std::string unescaped(std::string_view text) {
  std::string path;
  for (std::size_t at = 0; at < text.size(); ++at) {
    const std::string code = to_lower(text.substr(at, 3));
    if (code == "%3b" || code == "%25") {
      path += code == "%25" ? '%' : ';';
      at += 2;
    } else {
      path += text[at];
    }
  }
  return path;
}

Result<> read_list(std::string_view text, bool is_looped, SourceUrl& url) {
  for (const std::string_view part : split(text, ';')) {
    url.parts.push_back(unescaped(part));
    if (is_device(url.parts.back())) {
      return no_source("A list after files: is one of video files; name a camera alone.");
    }
  }
  if (url.parts.empty()) {
    return no_source("The list after files: is empty; write files:FIRST;SECOND.");
  }
  if (url.parts.size() > kMostListed) {
    return no_source(
        fmt::format("The list after files: names more than {} files; name their "
                    "folder instead.",
                    kMostListed));
  }
  if (is_looped) return no_source("Only a single file can be looped; leave loop out for a list.");
  url.kind = SourceKind::kFile;
  url.open_name = url.path;
  url.shown = shown_list(url.parts.front(), url.parts.size());
  return {};
}

}  // namespace

SourceUrl file_url(std::string path, SourceKind kind) {
  SourceUrl url;
  url.kind = kind;
  url.open_name = "file:" + path;
  url.shown = mask_address(path);
  url.path = std::move(path);
  return url;
}

std::string shown_list(std::string_view first, std::size_t count) {
  const std::string shown = mask_address(first);
  return count < 2 ? shown : fmt::format("{} and {} more", shown, count - 1);
}

std::string files_address(const std::vector<std::string>& paths) {
  std::string address;
  for (const std::string& path : paths) {
    address += address.empty() ? "files:" : ";";
    for (const char c : path) {
      if (c == ';') {
        address += "%3B";
      } else if (c == '%') {
        address += "%25";
      } else {
        address += c;
      }
    }
  }
  return address;
}

std::string_view name(SourceKind kind) {
  switch (kind) {
    case SourceKind::kFile:
      return "file";
    case SourceKind::kLoop:
      return "loop";
    case SourceKind::kRtsp:
      return "rtsp";
    case SourceKind::kHttp:
      return "http";
    case SourceKind::kDevice:
      return "device";
  }
  return "unknown";
}

Result<SourceUrl> parse_source_url(const SourceOptions& options) {
  SourceUrl url;
  url.path = without_blanks(options.url);
  const bool is_list = to_lower(url.path.substr(0, kList.size())) == kList;
  if (url.path.size() > (is_list ? kMaxList : kMaxUrl) ||
      url.path.find('\0') != std::string::npos) {
    return no_source("The source's address is too long or holds a zero byte.");
  }
  if (is_list) {
    VEDETTE_CHECK(read_list(std::string_view(url.path).substr(kList.size()), options.loop, url));
    return url;
  }
  const auto colon = url.path.find("://");
  const auto scheme =
      colon == std::string::npos ? std::string() : to_lower(url.path.substr(0, colon));
  if (std::ranges::find(kNetwork, scheme) != kNetwork.end()) {
    VEDETTE_TRY(address, parse_address(url.path));
    if (address.fragment && !address.fragment->empty()) {
      return no_source(
          fmt::format("What follows the # in {} is never sent to a camera; write # as %23 where it "
                      "belongs to a name or password, else leave it out.",
                      mask_address(url.path.substr(0, url.path.find('#')))));
    }
    url.kind = scheme.starts_with("rtsp") ? SourceKind::kRtsp : SourceKind::kHttp;
    address.fragment.reset();
    url.open_name = address.text();
    url.path = url.open_name;
    url.address = std::move(address);
    url.any_certificate = options.any_certificate;
  } else if (!scheme.empty() && scheme != "file" && prefix_of(url.path) == scheme) {
    return no_source(
        fmt::format("{}:// is not a kind of source that Vedette reads; use {}.", scheme, kKinds));
  } else {
    const auto prefix = prefix_of(url.path);
    if (scheme == "file") {
      url.path.erase(0, std::strlen("file://"));
    } else if (prefix == "file" && url.path[prefix.size()] == ':') {
      url.path.erase(0, std::strlen("file:"));
    } else if (prefix == "v4l2" && url.path[prefix.size()] == ':') {
      url.path.erase(0, std::strlen("v4l2:"));
      if (!url.path.empty() && !is_device(url.path)) {
        return no_source(
            fmt::format("The camera device {} is none; write v4l2:/dev/video0, or another number.",
                        mask_address(url.path)));
      }
    } else {
      VEDETTE_CHECK(check_path(url.path));
    }
    if (is_device(url.path)) {
      url.kind = SourceKind::kDevice;
      url.open_name = url.path;
    } else {
      url = file_url(url.path, options.loop ? SourceKind::kLoop : SourceKind::kFile);
    }
  }
  if (url.path.empty()) {
    return no_source(fmt::format("No source was given; name {}.", kKinds));
  }
  if (options.loop && url.kind != SourceKind::kLoop) {
    return no_source("Only a file can be looped; leave loop out for a camera.");
  }
  url.shown = mask_address(url.path);
  return url;
}

Result<> check_folder(const SourceUrl& url, const SourceOptions& options) {
  if (!is_file(url.kind) || options.file_folders.empty()) return {};
  for (const std::string& part : url.parts) VEDETTE_CHECK(check_folder(file_url(part), options));
  if (!url.parts.empty()) return {};
  const auto path = real_path(url.path);
  for (const std::string& allowed : options.file_folders) {
    const auto folder = real_path(allowed);
    const auto [rest, ignored] =
        std::mismatch(folder.begin(), folder.end(), path.begin(), path.end());
    if (rest == folder.end() || rest->empty()) return {};
  }
  return fail(
      ErrorCode::kForbidden,
      fmt::format("The file {} is not in a folder that recordings may be read from; move it "
                  "to one, or add its folder to watch.file_folders.",
                  url.shown));
}

Result<> check_source(const SourceOptions& options) {
  VEDETTE_TRY(url, parse_source_url(options));
  return check_folder(url, options);
}

}  // namespace vedette::media
