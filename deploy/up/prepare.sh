# shellcheck shell=bash
# What the host needs before anything is built: packages and a Docker daemon. Sourced by ./up.

# Names of the lists whose packages are not installed.
missing_packages() {
  local wanted
  wanted=$(cat deploy/packages/build.txt deploy/packages/run.txt | grep -v -e '^#' -e '^$' | sort -u)
  # shellcheck disable=SC2086
  comm -23 <(echo "$wanted") <(dpkg-query -W -f '${Package} ${db:Status-Abbrev}\n' $wanted 2>/dev/null | awk '$2 == "ii" {print $1}' | sort -u)
}

# A node that is there and new enough stays; else Debian's own.
needs_node() {
  local version
  version=$(node --version 2>/dev/null | sed 's/^v//; s/\..*//') || true
  [ -z "$version" ] || [ "$version" -lt 18 ] || ! command -v npm >/dev/null
}

install_packages() {
  local missing
  missing=$(missing_packages | tr '\n' ' ')
  if needs_node; then missing="$missing nodejs npm"; fi
  [ -n "${missing// /}" ] || { echo 'all packages are installed'; return 0; }
  say "installing $(wc -w <<<"$missing") packages"
  export DEBIAN_FRONTEND=noninteractive
  apt-get update -q
  # shellcheck disable=SC2086
  apt-get install -q -y --no-install-recommends $missing
}

docker_answers() { curl -sf --max-time 5 --unix-socket /var/run/docker.sock http://docker/_ping >/dev/null; }

# The daemon that answers is used as it is; only where none does, one is started.
start_docker() {
  if docker_answers; then
    docker version --format 'Docker {{.Server.Version}}'
    return 0
  fi
  if [ -d /run/systemd/system ]; then
    say 'starting Docker (systemd)'
    if [ ! -e /etc/docker/daemon.json ]; then
      mkdir -p /etc/docker
      echo '{"live-restore": true}' >/etc/docker/daemon.json
    fi
    systemctl enable --now docker
  else
    say 'starting Docker (detached, with live-restore)'
    local attempt
    for attempt in 1 2 3; do
      # A daemon that was killed a moment ago still holds its pid file.
      setsid nohup dockerd --live-restore --pidfile /var/run/docker.pid </dev/null >>/var/log/dockerd.log 2>&1 8>&- 9>&- &
      for _ in $(seq 50); do
        ! docker_answers || break 2
        sleep 0.2
      done
      echo "attempt $attempt: no answer yet"
    done
  fi
  for _ in $(seq 100); do
    if docker_answers; then return 0; fi
    sleep 0.2
  done
  echo 'Docker does not answer on /var/run/docker.sock; see /var/log/dockerd.log or journalctl -u docker'
  return 1
}
