#!/bin/bash
# Writes the third-party notices of an installation: every Debian package of the given images, every Debian library that is
# linked into our programs, and every npm package inside the web app, each with its version and licence texts.
# usage: notices.sh OUT_FILE [IMAGE...]      (default images: those that ./up built last)
set -euo pipefail
root=$(cd "$(dirname "$0")/.." && pwd)
out=${1:?output file}
shift
if [ $# -eq 0 ]; then
  mapfile -t images < <({ cat "$root/build/up/services_image.release" 2>/dev/null; jq -r '.tag' "$root/build/up/images.json" 2>/dev/null; } | sort -u)
else
  images=("$@")
fi
linked=(libboost1.81-dev libboost-json1.81-dev libboost-url1.81-dev libboost-container1.81-dev libboost-system1.81-dev libzstd-dev libjpeg62-turbo-dev
  libxcb1-dev libcli11-dev libstdc++-12-dev libc6-dev)

section() { printf '\n%s\n%s\n\n' "$1" "$(printf '%*s' ${#1} '' | tr ' ' '=')"; }
{
  printf 'Third-party notices of Oriel, written %s\n' "$(date -u +%Y-%m-%d)"
  section 'Linked into our programs'
  for package in "${linked[@]}"; do
    dpkg-query -W -f '${Package} ${Version}\n' "$package" 2>/dev/null || continue
    printf '%s\n' '---'
    cat "/usr/share/doc/$package/copyright" 2>/dev/null || true
    echo
  done
  for image in "${images[@]}"; do
    [ -n "$image" ] || continue
    section "Image $image"
    docker run --rm --network none --label oriel.role=notices --entrypoint /bin/sh "$image" -c '
      dpkg-query -W -f "\${Package} \${Version} \${source:Package}\n"
      for file in /usr/share/doc/*/copyright; do printf "\n--- %s\n" "$file"; cat "$file" 2>/dev/null; done'
  done
  section 'npm packages of the web app'
  for manifest in "$root"/web/node_modules/*/package.json "$root"/web/node_modules/@*/*/package.json; do
    [ -f "$manifest" ] || continue
    jq -r '"\(.name) \(.version)  \(.license // "see its files")"' "$manifest"
    for text in "$(dirname "$manifest")"/LICEN[SC]E*; do
      [ ! -f "$text" ] || { printf '%s\n' '---'; cat "$text"; echo; }
    done
  done
} >"$out.new"
mv "$out.new" "$out"
printf '%s: %s lines\n' "$out" "$(wc -l <"$out")"
