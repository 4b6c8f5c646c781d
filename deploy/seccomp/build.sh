#!/bin/bash
# Makes session.json, the seccomp profile of session containers, from docker-20.10.json and delta.json.
# usage: build.sh [--check]     --check: only say whether session.json is up to date
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
made=$(jq --slurpfile delta "$here/delta.json" '
  $delta[0] as $d
  | {
      defaultAction: "SCMP_ACT_ERRNO",
      archMap: [
        {architecture: "SCMP_ARCH_X86_64", subArchitectures: []},
        {architecture: "SCMP_ARCH_AARCH64", subArchitectures: []}
      ],
      syscalls: ([
        .syscalls[]
        | .names -= $d.remove
        | select(.names | length > 0)
        | if (.names | inside(["arch_prctl", "modify_ldt"])) then . + {includes: {arches: ["amd64", "x32"]}} else . end
      ] + $d.add)
    }' "$here/docker-20.10.json")
if [ "${1:-}" = --check ]; then
  [ "$made" = "$(cat "$here/session.json")" ] || { echo "seccomp: session.json is out of date, run deploy/seccomp/build.sh" >&2; exit 1; }
else
  printf '%s\n' "$made" >"$here/session.json"
fi
