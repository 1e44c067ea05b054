#!/usr/bin/env bash
# Makes a Debian package of a built program: packaging/build_deb.sh [--build DIR] [--version V] [--out DIR] [--quick]
#
#   --build DIR    a build folder of CMake (build/release)
#   --version V    the package's version (the program's, and the commit)
#   --out DIR      where the package goes (build/packages)
#   --quick        not compressed: for the tests
#
# Needs nothing but what the build needed, and no rights. The last line printed is the package's path.
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/../tools/env.sh"
here=$root/packaging
build=$root/build/release out=$root/build/packages version='' compress=-Zxz
fail() { printf 'build_deb: %s\n' "$*" >&2; exit 1; }
while [ $# != 0 ]; do
  case $1 in
    --build) build=$2; shift 2 ;;
    --version) version=$2; shift 2 ;;
    --out) out=$2; shift 2 ;;
    --quick) compress=-Znone; shift ;;
    *) sed -n 's/^# \{0,1\}//; 2,9p' "$0" >&2; exit 2 ;;
  esac
done
program=$build/src/app/vedette
[ -x "$program" ] || fail "$program is not there; build it first: tools/build.sh release"

if [ -z "$version" ]; then
  version=$(sed -n 's/^project(vedette VERSION \([0-9.]*\).*/\1/p' "$root/CMakeLists.txt")
  # Later commits are later versions; without git it is the release itself.
  commit=$(git -C "$root" log -1 --date=format:%Y%m%d%H%M%S --format=+git%cd.%h 2>/dev/null || true)
  version+=$commit
fi
architecture=$(dpkg --print-architecture)
epoch=$(git -C "$root" log -1 --format=%ct 2>/dev/null || stat -c %Y "$root/CMakeLists.txt")
export SOURCE_DATE_EPOCH=${SOURCE_DATE_EPOCH:-$epoch}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
umask 022
tree=$work/vedette
doc=$tree/usr/share/doc/vedette
mkdir -p "$tree/DEBIAN" "$work/debian" "$doc"

# The program, with a search path for its own libraries instead of the build's.
cmake --install "$build" --prefix "$tree/usr" --strip >"$work/install.log" || { cat "$work/install.log" >&2; fail "cmake --install failed"; }

# OpenVINO, which Debian 12 does not have: what reads and runs our models, on any device. Missing where the program was
# built without it.
libraries=$tree/usr/lib/vedette
openvino=$(echo "$VEDETTE_DEPS"/python/lib/python3*/site-packages/openvino/libs)
if grep -q 'libopenvino\.so' "$program"; then
  [ -d "$openvino" ] || fail "OpenVINO's libraries are not in $openvino, and the program wants them"
  mkdir -p "$libraries" "$doc/openvino"
  for name in libopenvino.so libopenvino_intel_cpu_plugin.so libopenvino_intel_gpu_plugin.so libopenvino_intel_npu_plugin.so \
    libopenvino_auto_plugin.so libopenvino_auto_batch_plugin.so libopenvino_hetero_plugin.so libopenvino_ir_frontend.so \
    libopenvino_onnx_frontend.so libtbb.so libtbbbind_2_5.so libtbbmalloc.so libhwloc.so cache.json; do
    find "$openvino" -maxdepth 1 \( -name "$name" -o -name "$name.*" \) -exec install -m 644 -t "$libraries" {} +
  done
  cp -rL "$openvino"/../../openvino-*.dist-info/licenses/. "$doc/openvino/"
  find "$libraries" -name '*.so*' -exec strip --strip-unneeded {} +
fi

# Units, settings, manual, documents.
install -D -m 644 -t "$tree/lib/systemd/system" "$here/vedette.service" "$here/vedette-worker@.service"
install -D -m 644 -t "$tree/etc/vedette" "$here/vedette.toml"
install -D -m 640 -t "$tree/etc/vedette" "$here/vedette.env"
ln -s vedette.env "$tree/etc/vedette/.env"
install -D -m 644 "$here/vedette.1" "$tree/usr/share/man/man1/vedette.1"
sed -i "s/^\.Dd .*/.Dd $(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" '+%B %-d, %Y')/" "$tree/usr/share/man/man1/vedette.1"
install -D -m 644 "$here/debian/lintian-overrides" "$tree/usr/share/lintian/overrides/vedette"
mkdir -p "$doc/operations" "$doc/examples/models"
cp "$root/docs/operations/"*.md "$doc/operations/"
cp "$root"/docs/*.md "$root/docs/api/openapi.yaml" "$doc/"
cp "$root"/models/*.toml "$doc/examples/models/"
cp "$here/Containerfile" "$here/compose.yaml" "$doc/examples/"
{
  printf 'Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/\nUpstream-Name: Vedette\n\n'
  printf 'Files: *\nCopyright: 2026 The Vedette authors\nLicense: Apache-2.0\n\n'
  printf 'Files: usr/lib/vedette/*\nCopyright: 2018-2026 Intel Corporation\nLicense: Apache-2.0\n'
  printf 'Comment: OpenVINO and what it brings along; its own notices are in openvino/.\n\n'
  printf "License: Apache-2.0\n On Debian systems the full text is in /usr/share/common-licenses/Apache-2.0.\nComment:\n"
  sed -n '5,$s/^$/./; 5,$s/^/ /p' "$root/NOTICE"
} >"$doc/copyright"
{
  printf 'vedette (%s) stable; urgency=medium\n\n  * What users notice stands in NEWS.gz.\n\n' "$version"
  printf ' -- The Vedette authors <vedette@localhost>  %s\n' "$(LC_ALL=C date -u -d "@$SOURCE_DATE_EPOCH" -R)"
} >"$doc/changelog"
cp "$root/CHANGES.md" "$doc/NEWS"
gzip -9n "$doc/changelog" "$doc/NEWS" "$tree/usr/share/man/man1/vedette.1"
find "$doc" -type f -size +4k \( -name '*.md' -o -name '*.yaml' \) ! -path '*/examples/*' ! -path '*/operations/*' -exec gzip -9n {} +

# What it needs beside it: what it is linked with, and GDAL, which it loads by name.
printf 'Source: vedette\n\nPackage: vedette\nArchitecture: any\n' >"$work/debian/control"
# The graphics card's plugin needs OpenCL, which is suggested: where it is missing, that device is not there.
mapfile -t parts < <(find "$tree/usr/bin/vedette" "$libraries" -type f \( -name vedette -o -name '*.so*' \) ! -name '*_gpu_plugin.so' 2>/dev/null)
(cd "$work" && dpkg-shlibdeps -O --ignore-missing-info -l"$libraries" "${parts[@]/#/-e}") >"$work/needed" 2>"$work/shlibdeps.log" \
  || { cat "$work/shlibdeps.log" >&2; fail "dpkg-shlibdeps failed"; }
depends=$(sed -n 's/^shlibs:Depends=//p' "$work/needed")
gdal=$(grep -ao 'libgdal\.so\.[0-9]*' "$program" | sort -u | head -1)
gdal_package=$(dpkg-query -S "*/$gdal" | sed -n 's/:.*//p' | head -1)
[ -n "$gdal_package" ] || fail "no package here has $gdal, which the program loads"
depends+=", $gdal_package, adduser"
cat >"$tree/DEBIAN/control" <<EOF
Package: vedette
Version: $version
Architecture: $architecture
Maintainer: The Vedette authors <vedette@localhost>
Installed-Size: $(du -sk --exclude=DEBIAN "$tree" | cut -f1)
Depends: $depends
Recommends: ca-certificates
Suggests: ocl-icd-libopencl1, postgresql
Section: misc
Priority: optional
Description: watches roads and analyses pictures of fields
 Vedette counts road users in the pictures of cameras and recordings, computes
 vegetation indices of drone pictures, remembers both for years and shows them
 in a browser. One machine runs it from a folder; several share a PostgreSQL
 and a store of objects.
 .
 The service listens on 127.0.0.1:8080 until its settings say otherwise.
EOF
printf '%s\n' /etc/vedette/vedette.toml /etc/vedette/vedette.env >"$tree/DEBIAN/conffiles"
install -m 755 -t "$tree/DEBIAN" "$here/debian/postinst" "$here/debian/prerm" "$here/debian/postrm"
(cd "$tree" && find . -type f ! -path './DEBIAN/*' ! -path './etc/*' -printf '%P\0' | sort -z | xargs -0 md5sum) >"$tree/DEBIAN/md5sums"

mkdir -p "$out"
package=$out/vedette_${version}_$architecture.deb
dpkg-deb --root-owner-group "$compress" --build "$tree" "$package" >/dev/null
echo "$package"
