#!/usr/bin/env bash
# clang-tidy 19 over the C++ sources that differ from BASE (default: the commit before this one), or over files named.
# usage: scripts/tidy_changed.sh [BASE]   |   scripts/tidy_changed.sh --files FILE…
set -euo pipefail
cd "$(dirname "$0")/.."
if [[ "${1:-}" == --files ]]; then
  files=("${@:2}")
else
  base=${1:-HEAD~1}
  mapfile -t files < <(git diff --name-only --diff-filter=d "$base" -- '*.cpp')
fi
[[ -f build/dev/compile_commands.json ]] || cmake --preset dev >/dev/null
known=()
for file in "${files[@]}"; do
  if grep -q "\"file\": \".*/$file\"" build/dev/compile_commands.json; then known+=("$file"); fi
done
if ((${#known[@]} == 0)); then
  echo "nothing to check"
  exit 0
fi
# What the build generates is included by what is looked at.
ninja -C build/dev -t targets all | sed -n 's/^\(generated\/[^:]*\): CUSTOM_COMMAND$/\1/p' | xargs ninja -C build/dev >/dev/null
printf '%s\n' "${known[@]}" | xargs -P 2 -n 1 clang-tidy-19 -p build/dev --quiet --warnings-as-errors='*'
