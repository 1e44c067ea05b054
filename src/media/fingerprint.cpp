#include "media/fingerprint.hpp"

#include <fmt/format.h>
#include <fmt/ranges.h>

#include <fstream>
#include <string_view>

#include "base/digest.hpp"
#include "media/av.hpp"

namespace vedette::media {
namespace {

// In pieces, so that no model is held in memory for it.
Result<std::string> digest_of(const std::filesystem::path& path) {
  constexpr std::size_t kPiece = std::size_t{1} << 20;
  std::ifstream in(path, std::ios::binary);
  std::string piece(kPiece, '\0');
  Digester digest(Digester::Kind::kSha256);
  while (in) {
    in.read(piece.data(), static_cast<std::streamsize>(kPiece));
    digest.add(std::string_view(piece).substr(0, static_cast<std::size_t>(in.gcount())));
  }
  if (!in.eof()) {
    return fail(ErrorCode::kUnavailable,
                fmt::format("The model {} cannot be read any more; check the file and its disk.",
                            path.string()));
  }
  return digest.finish();
}

std::string describe(const ModelInfo& info) {
  const ModelInput& input = info.input;
  std::string text =
      fmt::format("{} {} {}x{} {} {} {} {} {} {} {} {} {}\n", info.name, name(info.layout),
                  input.width, input.height, input.channels_first, static_cast<int>(input.colours),
                  input.mean, input.scale, static_cast<int>(input.fit), input.pad,
                  info.boxes_output, info.scores_output, info.boxes_y_first);
  for (const Label& label : info.labels) text += fmt::format("{}={}\n", label.name, label.type);
  return text;
}

std::string describe(const DetectorOptions& options, const DetectorFacts& facts) {
  return fmt::format("{} {} {} {} {} {} {} {}\n", facts.engine, facts.precision, facts.device,
                     options.score_threshold, options.suppression.iou, options.suppression.covered,
                     options.suppression.per_class, fmt::join(options.types, ","));
}

}  // namespace

Fingerprint::Fingerprint(DetectorOptions options)
    : options_(std::move(options)), files_(files_of(options_.model)) {}

std::vector<Fingerprint::File> Fingerprint::files_of(const std::filesystem::path& model) {
  std::vector<File> files;
  std::vector<std::filesystem::path> paths{model};
  if (model.extension() == ".xml") {
    paths.push_back(model);
    paths.back().replace_extension(".bin");
  }
  for (const auto& path : paths) {
    std::error_code unknown;
    File file{.path = path, .size = std::filesystem::file_size(path, unknown), .changed_at = {}};
    file.changed_at = std::filesystem::last_write_time(path, unknown);
    files.push_back(std::move(file));
  }
  return files;
}

Result<std::string> Fingerprint::get(const ModelInfo& info, const DetectorFacts& facts) {
  const std::lock_guard lock(text_mutex_);
  if (!text_.empty()) return text_;
  // Decoder, and what is done to pixels and outputs here.
  std::string all = fmt::format("vedette {}, libav {}\n", VEDETTE_VERSION, av_version_info());
  all += describe(info) + describe(options_, facts);
  for (const File& file : files_) {
    VEDETTE_TRY(digest, digest_of(file.path));
    all += digest;
  }
  if (files_of(options_.model) != files_) {
    return fail(ErrorCode::kConflict,
                fmt::format("The model {} was replaced since it was loaded; restart Vedette to use "
                            "the new one.",
                            options_.model.string()));
  }
  text_ = sha256_hex(all).substr(0, 32);
  return text_;
}

}  // namespace vedette::media
