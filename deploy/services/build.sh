#!/bin/bash
# Puts the entry scripts of PostgreSQL and Redis on the base image (oriel/services-data:<hash>), our binaries and the web app
# on that, and prints the tag, oriel/services:<hash of all that>. The two data services run from the former, so that a new
# build of ours does not restart them.
# usage: build.sh BUILD_DIR WEB_DIST     (BUILD_DIR: a CMake build tree; what exists is left as it is)
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
[ $# -eq 2 ] || { echo "usage: build.sh BUILD_DIR WEB_DIST" >&2; exit 2; }
build=$1 web=$2

binaries=(services/api/oriel-api services/manager/oriel-manager services/agent/oriel-agent services/broker/oriel-broker
  services/setup/oriel-setup proxy/listen/proxy-listen)
for one in "${binaries[@]}"; do
  [ -x "$build/$one" ] || { echo "services: $build/$one is missing: build it first" >&2; exit 1; }
done
[ -f "$web/index.html" ] || { echo "services: $web holds no web app: build it first" >&2; exit 1; }

base=$("$here/base.sh")
data=oriel/services-data:$({
  echo "$base"
  (cd "$here" && sha256sum database redis)
} | sha256sum | cut -c1-16)
hash=$({
  echo "$data"
  (cd "$build" && sha256sum "${binaries[@]}")
  (cd "$web" && find . -type f -print0 | LC_ALL=C sort -z | xargs -0 sha256sum)
  sha256sum <"$here/build.sh"
  sha256sum <"$root/deploy/seccomp/session.json"
  sha256sum <"$root/proxy/pages/make.sh"
} | sha256sum | cut -c1-16)
tag=oriel/services:$hash
if docker image inspect "$tag" >/dev/null 2>&1; then
  echo "$tag"
  exit 0
fi

context=$(mktemp -d "$build/services-image.XXXXXX")
trap 'rm -rf "$context"' EXIT
if ! docker image inspect "$data" >/dev/null 2>&1; then
  install -d "$context/data/usr/lib/oriel"
  install -m 0755 "$here/database" "$here/redis" "$context/data/usr/lib/oriel/"
  printf 'FROM %s\nCOPY usr /usr\nLABEL oriel.role=services-data\n' "$base" >"$context/data/Dockerfile"
  DOCKER_BUILDKIT=0 docker build --quiet --network none --tag "$data" "$context/data" >/dev/null
  rm -rf "$context/data"
fi
install -d "$context/root/usr/bin" "$context/root/usr/share/oriel/seccomp"
for one in "${binaries[@]}"; do
  objcopy --strip-debug "$build/$one" "$context/root/usr/bin/$(basename "$one")"
done
chmod 0755 "$context"/root/usr/bin/*
install -m 0644 "$root/deploy/seccomp/session.json" "$context/root/usr/share/oriel/seccomp/"
cp -r "$web" "$context/root/usr/share/oriel/web"
"$root/proxy/pages/make.sh" "$context/root/usr/share/oriel/_error"
find "$context/root/usr/share/oriel" -type d -exec chmod 0755 {} + -o -type f -exec chmod 0644 {} +
printf 'FROM %s\nCOPY root/ /\nLABEL oriel.role=services oriel.data=%s\n' "$data" "$data" >"$context/Dockerfile"
DOCKER_BUILDKIT=0 docker build --quiet --network none --tag "$tag" "$context" >/dev/null

# Every library that a binary wants is in the image, or nothing of it is used.
if missing=$(docker run --rm --network none --label oriel.role=check "$tag" sh -c 'for one in /usr/bin/oriel-* /usr/bin/proxy-listen; do ldd $one | grep "not found" && echo "$one"; done; true' | grep .); then
  docker image rm "$tag" >/dev/null
  echo "services: libraries are missing in the base image (deploy/services/packages.txt): $missing" >&2
  exit 1
fi
# The five newest stay for who goes back; docker keeps what a container uses.
docker image ls --filter label=oriel.role=services --format '{{.Repository}}:{{.Tag}}' oriel/services | tail -n +6 | xargs -r docker image rm >/dev/null 2>&1 || true
echo "$tag"
