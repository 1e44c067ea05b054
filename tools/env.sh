# shellcheck shell=bash
# Sourced by ./run, ./test and the scripts beside this one: where things are, and how much this machine can build at once.

root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
cache=${XDG_CACHE_HOME:-$HOME/.cache}/vedette
export VEDETTE_DEPS=${VEDETTE_DEPS:-$cache/deps}

# Node from the private Python environment, where setup.sh had to put it there.
[ ! -x "$VEDETTE_DEPS/node/bin/node" ] || PATH=$VEDETTE_DEPS/node/bin:$PATH
export PATH

# Compilers that run at once: one a core, and 1.5 GiB of free memory for each.
build_jobs() {
  local cores free_mib jobs
  cores=$(nproc)
  free_mib=$(awk '/^MemAvailable:/ {print int($2 / 1024)}' /proc/meminfo)
  jobs=$((free_mib / 1536))
  [ "$jobs" -ge 1 ] || jobs=1
  [ "$jobs" -le "$cores" ] || jobs=$cores
  echo "$jobs"
}

# Runs a command with its output in the file $1; on a terminal its last line is shown while it goes. When the command
# fails, the end of the log follows.
logged() {
  local log=$1 status=0
  shift
  mkdir -p "$(dirname "$log")"
  if [ -t 1 ]; then
    "$@" 2>&1 | tee "$log" | while IFS= read -r line; do printf '\r\033[K  %.*s' $(($(tput cols 2>/dev/null || echo 80) - 3)) "$line"; done
    status=${PIPESTATUS[0]}
    printf '\r\033[K'
  else
    "$@" >"$log" 2>&1 || status=$?
  fi
  [ "$status" = 0 ] || { tail -n 40 "$log" >&2; printf 'The whole log: %s\n' "$log" >&2; }
  return "$status"
}

# Configures and builds a preset: build_preset PRESET [TARGET...]
build_preset() {
  local preset=$1 folder=$root/build/$1
  shift
  if [ ! -e "$folder/build.ninja" ] || [ "$root/CMakePresets.json" -nt "$folder/build.ninja" ]; then
    logged "$folder/log/configure.log" cmake -S "$root" --preset "$preset" || return
  fi
  logged "$folder/log/build.log" cmake --build "$folder" -j "$(build_jobs)" ${@:+--target "$@"}
}
