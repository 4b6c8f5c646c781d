#!/bin/bash
# Builds the session images without any registry. Tags are hashes of what an image is made from: what exists is skipped.
# usage: build.sh [--print-tags] [--json FILE] [--network bridge|host] [all | NAME... | DIRECTORY...]
#   NAME is base, desktop or firefox; a DIRECTORY is an image of one's own (see README.md).
#   One JSON line per image, {name, tag, id, size, manifest}, goes to FILE, and to descriptor 3 where it is open.
# environment: ORIEL_DEBIAN_MIRROR, ORIEL_DEBIAN_SECURITY_MIRROR (default: those of this machine's apt)
set -euo pipefail
images=$(cd "$(dirname "$0")" && pwd)
# shellcheck source-path=SCRIPTDIR source=library.sh
. "$images/library.sh"

recipe=1 # raise when this script makes a different image from the same files
print_tags=false json='' network='' wanted=()
while [ $# -gt 0 ]; do
  case $1 in
    --print-tags) print_tags=true ;;
    --json) json=$2; shift ;;
    --network) network=$2; shift ;;
    -h | --help) sed -n '2,6s/^# //p' "$0"; exit 0 ;;
    -*) die "unknown option $1" ;;
    all) wanted+=(base desktop firefox) ;;
    *) wanted+=("$1") ;;
  esac
  shift
done
[ ${#wanted[@]} -gt 0 ] || wanted=(base desktop firefox)
need docker docker.io
need jq jq

# directory_of NAME-OR-PATH
directory_of() {
  if [ -d "$images/$1" ] && [ "${1#*/}" = "$1" ]; then echo "$images/$1"; else (cd "$1" 2>/dev/null && pwd) || die "no image $1"; fi
}

# parent_of DIRECTORY: empty for the base.
parent_of() { if [ -f "$1/parent" ]; then cat "$1/parent"; fi; }

# tag_of NAME-OR-PATH
tag_of() {
  local directory parent parent_tag='' hash
  directory=$(directory_of "$1")
  parent=$(parent_of "$directory")
  if [ -n "$parent" ]; then parent_tag=$(tag_of "$parent"); fi
  hash=$({
    echo "$recipe $parent_tag"
    digest_of "$directory" "$images/refresh"
    if [ "$parent" = base ]; then digest_of "$images/oriel.svg" "$images/runtime/xorg.conf"; fi
  } | sha256sum | cut -c1-16)
  echo "oriel/$(basename "$directory"):$hash"
}

# manifest_of DIRECTORY: the image's manifest with its icon, one line; "null" where it has none.
manifest_of() {
  if [ ! -f "$1/manifest.json" ]; then
    echo null
  elif [ -f "$1/icon.svg" ]; then
    jq -c --rawfile icon "$1/icon.svg" '. + {icon: $icon}' "$1/manifest.json"
  else
    jq -c . "$1/manifest.json"
  fi
}

mirror='' security=''
# find_mirrors: where this machine gets its packages from, as Debian 13 comes from the same place.
find_mirrors() {
  [ -z "$mirror" ] || return 0
  mirror=${ORIEL_DEBIAN_MIRROR:-} security=${ORIEL_DEBIAN_SECURITY_MIRROR:-}
  local targets
  # shellcheck disable=SC2016 # these are apt's own placeholders
  targets=$(apt-get indextargets --format '$(REPO_URI) $(SUITE) $(COMPONENT)' 'Created-By: Packages' 'Origin: Debian' 2>/dev/null || true)
  # Without downloaded lists apt does not know the origin.
  # shellcheck disable=SC2016
  [ -n "$targets" ] || targets=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' 2>/dev/null || true)
  [ -n "$mirror" ] || mirror=$(awk '$1 ~ /\/debian\/?$/ {print $1; exit}' <<<"$targets")
  [ -n "$security" ] || security=$(awk '$1 ~ /security\/?$/ {print $1; exit}' <<<"$targets")
  [ -n "$security" ] || security=${mirror%/}-security
  [ -n "$mirror" ] || die "this machine's apt knows no Debian mirror: set ORIEL_DEBIAN_MIRROR"
}

# proxy_of: the proxy that this machine's apt uses, if any. It serves the build and is not left in an image.
proxy_of() {
  local proxy=''
  eval "$(apt-config shell proxy Acquire::http::Proxy 2>/dev/null || true)"
  if [ "$proxy" != DIRECT ]; then echo "${proxy:-${http_proxy:-}}"; fi
}

# find_network BASE_TAG: a build's network must reach the mirror. Without a route apt waits two minutes to say "unable to locate package".
find_network() {
  [ -z "$network" ] || return 0
  find_mirrors
  local proxy candidate
  proxy=$(proxy_of)
  for candidate in bridge host; do
    # A file of 100 kB, so that a path that passes small packets only is noticed too.
    if timeout 30 docker run --rm --label oriel.build=probe --network "$candidate" ${proxy:+--env http_proxy="$proxy"} "$1" \
      /usr/lib/apt/apt-helper -o Acquire::Retries=0 -o Acquire::http::Timeout=8 \
      download-file "${mirror%/}/dists/trixie/InRelease" /tmp/probe >/dev/null 2>&1; then
      network=$candidate
      return 0
    fi
  done
  die "neither Docker's bridge nor the host's network reaches $mirror from a container: check ip_forward, the firewall and the resolver"
}

build_base() {
  need mmdebstrap mmdebstrap
  find_mirrors
  local proxy options=()
  proxy=$(proxy_of)
  [ -z "$proxy" ] || options+=("--aptopt=Acquire::http::Proxy \"$proxy\"")
  "$images/base/make.sh" "$1" "$mirror" "$security" "${options[@]}"
}

# build_layer NAME DIRECTORY TAG PARENT_TAG MANIFEST
build_layer() {
  local directory=$2 tag=$3 parent_tag=$4 manifest=$5 context proxy
  find_network "$(tag_of base)"
  proxy=$(proxy_of)
  context=$(mktemp -d)
  # shellcheck disable=SC2064 # the path is meant to be fixed now
  trap "rm -rf '$context'" RETURN
  cp -r "$directory/." "$context"
  mkdir -p "$context/rootfs" "$context/generated/usr/share/oriel"
  printf '%s\n' "$manifest" >"$context/generated/usr/share/oriel/manifest.json"
  if [ "$(parent_of "$directory")" = base ]; then
    mkdir -p "$context/generated/usr/share/icons/hicolor/scalable/apps"
    mkdir -p "$context/generated/usr/lib/oriel/build"
    cp "$images/runtime/xorg.conf" "$context/generated/usr/lib/oriel/build/xorg.conf"
    sed 's/#5b4fd6/#c9c4ff/' "$images/oriel.svg" >"$context/generated/usr/share/icons/hicolor/scalable/apps/oriel.svg"
  fi
  # What an image needs beside its files and packages, made on this machine.
  if [ -x "$directory/prepare" ]; then "$directory/prepare" "$context" || die "$directory/prepare failed"; fi
  plain_modes "$context"
  # The classic builder: the other one is an extra package. A parent that is missing here would be asked of a public registry, so it is looked up first.
  docker image inspect "$parent_tag" >/dev/null 2>&1 || die "$parent_tag is not here"
  DOCKER_BUILDKIT=0 docker build --quiet --network "$network" --label "oriel.manifest=$manifest" --label "oriel.image=$1" \
    --build-arg PARENT="$parent_tag" --build-arg REFRESH="$(cat "$images/refresh")" \
    ${proxy:+--build-arg http_proxy="$proxy"} --tag "$tag" "$context" >/dev/null
}

# report NAME TAG MANIFEST
report() {
  local line
  line=$(docker image inspect --format '{{json .Id}} {{.Size}}' "$2" | {
    read -r id size
    jq -nc --arg name "$1" --arg tag "$2" --argjson id "$id" --argjson size "$size" --argjson manifest "$3" \
      '{name: $name, tag: $tag, id: $id, size: $size, manifest: $manifest}'
  })
  if [ -n "$json" ]; then printf '%s\n' "$line" >>"$json"; fi
  if { true >&3; } 2>/dev/null; then printf '%s\n' "$line" >&3; fi
}

built=' '
# build NAME-OR-PATH: with its parents first.
build() {
  local name directory parent parent_tag='' tag manifest started
  directory=$(directory_of "$1")
  name=$(basename "$directory")
  [[ $built != *" $directory "* ]] || return 0
  built+="$directory "
  parent=$(parent_of "$directory")
  tag=$(tag_of "$1")
  manifest=$(manifest_of "$directory")
  if docker image inspect "$tag" >/dev/null 2>&1; then
    echo "images: $tag is here" >&2
  else
    if [ -n "$parent" ]; then build "$parent" && parent_tag=$(tag_of "$parent"); fi
    echo "images: building $tag" >&2
    started=$SECONDS
    if [ -z "$parent" ]; then build_base "$tag"; else build_layer "$name" "$directory" "$tag" "$parent_tag" "$manifest"; fi
    echo "images: $tag built in $((SECONDS - started)) s" >&2
  fi
  docker tag "$tag" "oriel/$name:latest"
  for asked in "${wanted[@]}"; do
    if [ "$(directory_of "$asked")" = "$directory" ]; then report "$name" "$tag" "$manifest"; fi
  done
}

if $print_tags; then
  for name in "${wanted[@]}"; do tag_of "$name"; done
  exit 0
fi
# Two builds at once would make the same image twice: the second waits, and finds it.
exec 9>"${TMPDIR:-/tmp}/oriel-images.lock"
flock 9
if [ -n "$json" ]; then : >"$json"; fi
for name in "${wanted[@]}"; do build "$name"; done
