#!/bin/bash
# Assembles the runtime tree, which the broker mounts read-only at /opt/oriel of every session, and prints its hash.
# usage: runtime.sh DISPLAY_BINARY INIT_BINARY OUT_DIR
#   Makes OUT_DIR/<hash>/{bin/oriel-init,bin/oriel-display,etc/xorg.conf,share/wallpapers/…,VERSION}. The name is a hash of
#   the content: an upgrade never changes the tree under a running session. What exists is left as it is.
set -euo pipefail
images=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=library.sh
. "$images/library.sh"

protocol=1 # of protocol/display, as the page that a session is served with must speak it
[ $# -eq 3 ] || die "usage: runtime.sh DISPLAY_BINARY INIT_BINARY OUT_DIR"
display=$1 init=$2 out=$3
need rsvg-convert librsvg2-bin
need pngtopnm netpbm
need strip binutils

# A dynamic binary would load the image's ld.so.preload, and the image's distribution would matter.
for binary in "$display" "$init"; do
  [ -x "$binary" ] || die "$binary is no program"
  if readelf --program-headers "$binary" 2>/dev/null | grep -q INTERP; then die "$binary is not statically linked"; fi
done
build=$("$init" --version)
build=${build#oriel-init }

mkdir -p "$out"
work=$(mktemp -d "$out/.making-XXXXXX")
trap 'chmod -R u+w "$work" 2>/dev/null; rm -rf "$work"' EXIT
tree=$work/tree
mkdir -p "$tree/bin" "$tree/etc" "$tree/share/wallpapers"
strip --strip-unneeded -o "$tree/bin/oriel-display" "$display"
strip --strip-unneeded -o "$tree/bin/oriel-init" "$init"
cp "$images/runtime/xorg.conf" "$tree/etc/xorg.conf"
for theme in dark light; do
  # Binary PPM: the display server paints it as the first thing a viewer sees, before anything of the image runs.
  paint "$images/wallpaper/default-$theme.svg" "$work/$theme.png" 2560
  pngtopnm "$work/$theme.png" >"$tree/share/wallpapers/default-$theme.ppm"
done

hash=$(cd "$tree" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum | sha256sum | cut -c1-16)
printf '{"hash":"%s","protocol":%s,"build":"%s"}\n' "$hash" "$protocol" "$build" >"$tree/VERSION"

if [ ! -d "$out/$hash" ]; then
  find "$tree" -type f -exec chmod 0444 {} +
  chmod 0555 "$tree"/bin/*
  if [ "$(id -u)" = 0 ]; then chown -R 0:0 "$tree"; fi
  find "$tree" -mindepth 1 -type d -exec chmod 0555 {} +
  # The rename is what makes it appear, whole. Whoever came second finds the same content.
  mv -T "$tree" "$out/$hash" 2>/dev/null || [ -f "$out/$hash/VERSION" ] || die "cannot make $out/$hash"
  chmod 0555 "$out/$hash"
fi
echo "$hash"
