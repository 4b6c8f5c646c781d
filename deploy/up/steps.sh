# shellcheck shell=bash
# Numbered steps with elapsed time; each one's output goes to build/logs. Sourced by ./up.

begun=$SECONDS
number=0
total=0 # set by ./up

refuse() {
  printf 'up: %s\n' "$1" >&2
  exit 2
}

# say TEXT: a line under the current step, on the terminal.
say() { printf '        %s\n' "$1" >&8; }

# step TITLE FUNCTION [ARGUMENT...]: runs the function; its output is kept, and shown at the end when it fails.
step() {
  local title=$1 log start status=0
  shift
  number=$((number + 1))
  log=build/logs/$number-$(basename "${1//_/-}").log
  start=$(date +%s%N)
  printf '[%d/%d] %s … %d s so far, log %s\n' "$number" "$total" "$title" $((SECONDS - begun)) "$log"
  # In a subshell with -e of its own: a function in a condition would go on after a failing command.
  exec 8>&1
  (
    set -e
    "$@"
  ) >"$log" 2>&1 &
  local worker=$! waited=0
  while kill -0 $worker 2>/dev/null; do
    sleep 0.1
    waited=$((waited + 1))
    # A long step shows every 15 s what it is at.
    if [ $((waited % 150)) -eq 0 ]; then
      say "$((SECONDS - begun)) s: $(tail -n 1 "$log" | tr -d '\r' | cut -c1-100)"
    fi
  done
  wait $worker || status=$?
  exec 8>&-
  local took=$((($(date +%s%N) - start) / 100000000))
  if [ $status -ne 0 ]; then
    printf '\n%s failed after %d.%d s; the end of %s:\n' "$title" $((took / 10)) $((took % 10)) "$log" >&2
    tail -n 40 "$log" >&2
    exit 1
  fi
  printf '        done in %d.%d s\n' $((took / 10)) $((took % 10))
}
