#!/bin/sh
# Builds the decoder for the browser: build.sh OUTPUT.wasm
# zstd is compiled from Debian's own source package, fetched by apt with its signature checked and held against the hash below.
set -eu

version=1.5.4+dfsg2-5
tree_sha256=8690f90a0dfec1f9b5c677d212e4eca219288ee6eb6914cc5d37c028ebb162b6
output=${1:?usage: build.sh OUTPUT.wasm}
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../../../.." && pwd)
cache=${ORIEL_CACHE:-$root/build}/zstd-$version

hash_of() { (cd "$1" && find lib -name '*.[ch]' | LC_ALL=C sort | xargs sha256sum | sha256sum | cut -d' ' -f1); }

fetch() {
  work=$(mktemp -d)
  trap 'rm -rf "$work"' EXIT
  mkdir -p "$work/sources" "$work/lists/partial" "$work/archives/partial" "$work/unpack"
  # The machine's own Debian sources, asked for source packages: nothing of the machine's configuration is changed.
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] && sed -n 's/^deb \(.*\/debian.*\)/deb-src \1/p' "$file"
  done > "$work/sources/source.list"
  for file in /etc/apt/sources.list.d/*.sources; do
    if [ -f "$file" ] && grep -q '^URIs:.*/debian' "$file"; then
      sed 's/^Types:.*/Types: deb-src/' "$file" > "$work/sources/$(basename "$file")"
    fi
  done
  options="-o Dir::Etc::sourcelist=/dev/null -o Dir::Etc::sourceparts=$work/sources -o Dir::State::lists=$work/lists -o Dir::Cache::archives=$work/archives
    -o APT::Get::List-Cleanup=0 -o Dir::Cache::pkgcache= -o Dir::Cache::srcpkgcache= -o APT::Sandbox::User=root"
  # shellcheck disable=SC2086
  (cd "$work/unpack" && apt-get $options -qq update && apt-get $options -qq --only-source source "libzstd=$version") >&2
  rm -rf "$cache" "$cache.new"
  mkdir -p "$(dirname "$cache")"
  cp -r "$work"/unpack/*/ "$cache.new"
  found=$(hash_of "$cache.new")
  if [ "$found" != "$tree_sha256" ]; then
    echo "build.sh: zstd $version unpacked to $found, expected $tree_sha256" >&2
    exit 1
  fi
  mv "$cache.new" "$cache"
}

[ -d "$cache" ] || fetch
[ "$(hash_of "$cache")" = "$tree_sha256" ] || { echo "build.sh: $cache was changed: remove it" >&2; exit 1; }

clang=${CLANG:-clang-19}
objects=$(mktemp -d)
trap 'rm -rf "${work:-$objects}" "$objects"' EXIT
common="--target=wasm32-wasi -O3 -flto -DNDEBUG -DZSTD_DISABLE_ASM -DZSTD_LEGACY_SUPPORT=0 -DZSTD_STRIP_ERROR_STRINGS -I$cache/lib"
for source in "$cache"/lib/common/*.c "$cache"/lib/decompress/*.c; do
  case $source in */pool.c | */threading.c | */xxhash.c.orig) continue ;; esac
  "$clang" $common -w -c "$source" -o "$objects/$(basename "$source").o"
done
for source in "$root/display/decode/decoder.cpp" "$here/oriel.cpp"; do
  "$clang" $common -std=c++20 -fno-exceptions -fno-rtti -nostdinc++ -Wall -Wextra -Werror -I"$root" -c "$source" -o "$objects/$(basename "$source").o"
done
mkdir -p "$(dirname "$output")"
"$clang" --target=wasm32-wasi -O3 -flto -mexec-model=reactor -Wl,--no-entry -Wl,--strip-all "$objects"/*.o -o "$output"
printf '%s: %s bytes, %s gzipped\n' "$output" "$(wc -c < "$output")" "$(gzip -9 -c "$output" | wc -c)"
