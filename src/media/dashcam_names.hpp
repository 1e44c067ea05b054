// Dashcams write what each of their cameras sees side by side: ..._0001F.MP4 and ..._0001R.MP4,
// -front and -back, Front/ and Back/. Read one behind the other, the same minutes would count
// twice. Tells such files apart by their names. Pure functions; any thread. Only inside src/media.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vedette::media {

/// Which camera a file is of, by its name or that of its folder.
struct CameraMark {
  bool is_front = false;
  /// The name without the mark, in small letters: the same for what was recorded at once.
  std::string rest;
  /// The folder that the recordings of all the cameras lie in.
  std::string place;
};

/// A mark stands at the end of the name: F for the front one, R, B, I or T for the others, behind
/// a digit or a sign, or behind one letter for the kind of recording (_NF, 0001PR); FH, FL, RH, RL,
/// CH, CL; front, rear, back, interior, inside, cabin, left, right and Tesla's words behind a sign.
/// Or the folder is called so. Nothing where none stands.
std::optional<CameraMark> camera_mark(std::string_view path);

/// Takes out of `paths` what other cameras than the front one recorded, where at least one of it
/// was recorded together with a file of the front one: the same name but for the mark, or times in
/// both names that lie no more than two seconds apart. Each place by itself. How many it took out.
std::size_t keep_front_camera(std::vector<std::string>& paths);

}  // namespace vedette::media
