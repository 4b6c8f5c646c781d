#!/bin/bash
# Makes the Debian base of all service containers and prints its tag, oriel/services-base:<hash of this folder's recipe>.
# What exists is left as it is. usage: base.sh [--print-tag]
# environment: ORIEL_DEBIAN_MIRROR, ORIEL_DEBIAN_SECURITY_MIRROR (default: those of this machine's apt)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tag=oriel/services-base:$(cat "$here/base.sh" "$here/packages.txt" | sha256sum | cut -c1-16)
if [ "${1:-}" = --print-tag ]; then
  echo "$tag"
  exit 0
fi
if docker image inspect "$tag" >/dev/null 2>&1; then
  echo "$tag"
  exit 0
fi

# Users with fixed numbers, before any package makes its own; postgres and redis are what Debian's packages look for.
accounts=$(mktemp)
trap 'rm -f "$accounts"' EXIT
cat >"$accounts" <<'A'
set -e
add() { echo "$1:x:$2:" >>"$root/etc/group"; echo "$1:x:$2:$2::/nonexistent:/usr/sbin/nologin" >>"$root/etc/passwd"; echo "$1:!:19000::::::" >>"$root/etc/shadow"; }
root=$1
add oriel-display 64010
add oriel-api 64020
add oriel-manager 64021
add oriel-agent 64022
add oriel-broker 64023
add oriel-edge 64024
add postgres 64025
add redis 64026
mkdir -p "$root/etc/postgresql-common"
echo 'create_main_cluster = false' >"$root/etc/postgresql-common/createcluster.conf"
A

sources=()
if [ -n "${ORIEL_DEBIAN_MIRROR:-}" ]; then
  sources=("deb $ORIEL_DEBIAN_MIRROR bookworm main" "deb $ORIEL_DEBIAN_MIRROR bookworm-updates main" "deb ${ORIEL_DEBIAN_SECURITY_MIRROR:-${ORIEL_DEBIAN_MIRROR%/debian}/debian-security} bookworm-security main")
else
  # This machine's own sources, which work here by definition; one-line and deb822 files alike.
  for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
    [ -f "$file" ] || continue
    while IFS= read -r line; do
      case $line in deb\ *bookworm*) sources+=("$line") ;; esac
    done <"$file"
  done
  for file in /etc/apt/sources.list.d/*.sources; do
    [ ! -f "$file" ] || sources+=("$file")
  done
fi
[ ${#sources[@]} -gt 0 ] || { echo 'services: no package sources for bookworm on this machine: set ORIEL_DEBIAN_MIRROR and ORIEL_DEBIAN_SECURITY_MIRROR' >&2; exit 1; }

# LLVM serves PostgreSQL's just-in-time compiler alone, which is off: a quarter of the image.
SOURCE_DATE_EPOCH=1700000000 mmdebstrap --quiet --variant=minbase --mode=root \
  --include="$(paste -sd, "$here/packages.txt")" \
  --essential-hook="sh $accounts \"\$1\"" \
  --dpkgopt='force-confold' \
  --dpkgopt='path-exclude=/usr/share/doc/*' --dpkgopt='path-include=/usr/share/doc/*/copyright' \
  --dpkgopt='path-exclude=/usr/share/man/*' --dpkgopt='path-exclude=/usr/share/locale/*' \
  --dpkgopt='path-exclude=/usr/lib/postgresql/15/lib/bitcode/*' \
  --dpkgopt='path-exclude=/usr/lib/x86_64-linux-gnu/libLLVM-*' \
  --customize-hook='rm -rf "$1"/var/lib/apt/lists/* "$1"/var/cache/apt/* "$1"/var/log/* "$1"/var/lib/postgresql "$1"/etc/nginx/sites-enabled/*' \
  --customize-hook='install -d -o 64025 -g 64025 -m 0700 "$1"/data/pg' \
  --customize-hook='chmod u-s,g-s $(find "$1"/usr -xdev -perm /6000 -type f) 2>/dev/null || true' \
  bookworm - "${sources[@]}" | docker import --change 'ENV PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' \
    --change 'ENV LANG=C.UTF-8' --change 'LABEL oriel.role=services-base' - "$tag" >/dev/null
echo "$tag"
