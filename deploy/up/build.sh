# shellcheck shell=bash
# Programs, web app, images. Whether something is built again is decided by hashes of what it is made from. Sourced by ./up.

# content_hash PATH...: over names and contents of the tracked and new files below.
content_hash() {
  if git rev-parse --is-inside-work-tree >/dev/null 2>&1; then
    git ls-files -co --exclude-standard -z -- "$@"
  else
    find "$@" -type f -not -path '*/node_modules/*' -not -path '*/dist/*' -print0
  fi | LC_ALL=C sort -zu | xargs -0 sha256sum 2>/dev/null | sha256sum | cut -c1-32
}

# once NAME HASH FUNCTION...: runs the function unless it succeeded with that hash before.
once() {
  local name=$1 stamp=build/up/$1.hash hash=$2
  shift 2
  mkdir -p build/up
  if [ "$(cat "$stamp" 2>/dev/null)" = "$hash" ]; then
    echo "$name: unchanged"
    return 0
  fi
  rm -f "$stamp"
  "$@" || return # said aloud: -e is off inside conditions
  echo "$hash" >"$stamp"
}

# Tests may ask for the build whose services can be killed at named steps; what is shipped is the release alone.
preset=${ORIEL_TEST_BUILD:-release}
case $preset in release | failpoints) ;; *) refuse "ORIEL_TEST_BUILD is release or failpoints, not $preset" ;; esac
build=build/$preset

release_targets=(oriel oriel-api oriel-manager oriel-agent oriel-broker oriel-setup proxy-listen oriel-display oriel-init)

build_programs() {
  [ -f "$build/build.ninja" ] || cmake --preset "$preset" || return
  # The build system itself knows what is up to date.
  ninja -C "$build" -j "$(nproc)" "${release_targets[@]}"
}

build_web() (
  cd web || return
  if [ ! -d node_modules ] || ! cmp -s package-lock.json node_modules/.oriel-lock; then
    npm ci --no-audit --no-fund --loglevel=error || return
    cp package-lock.json node_modules/.oriel-lock
  fi
  npm run build
)

web_if_changed() {
  [ -f web/dist/index.html ] || rm -f build/up/web.hash
  once web "$(content_hash web display/decode protocol/display protocol/web-api) $(node --version)" build_web
}

# The bases of the images come from the network while the compiler uses the cores.
build_programs_and_web() {
  local services_base images_base status=0
  deploy/services/base.sh >build/logs/services-base.log 2>&1 &
  services_base=$!
  images/build.sh base >build/logs/images-base.log 2>&1 &
  images_base=$!
  if [ ! -f "$build/build.ninja" ]; then say 'the first build takes some minutes on two cores'; fi
  build_programs || status=$?
  [ $status -ne 0 ] || { say 'programs built'; web_if_changed || status=$?; }
  wait $services_base || { echo 'base of the service image:'; tail -n 20 build/logs/services-base.log; status=1; }
  wait $images_base || { echo 'base of the session images:'; tail -n 20 build/logs/images-base.log; status=1; }
  return $status
}

build_session_images() { images/build.sh --json build/up/images.json all; }

# build_runtime HOME/runtime INSTANCE: the tree lies where sessions mount it from.
build_runtime() {
  mkdir -p "$1"
  images/runtime.sh "$build/display/oriel-display" "$build/init/oriel-init" "$1" | tail -n 1 >"build/up/$2.runtime.new"
  mv "build/up/$2.runtime.new" "build/up/$2.runtime"
}

build_service_image() {
  deploy/services/build.sh "$build" web/dist | tail -n 1 >"build/up/services_image.$preset.new"
  mv "build/up/services_image.$preset.new" "build/up/services_image.$preset"
}
