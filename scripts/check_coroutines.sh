#!/bin/sh
# A co_await stands alone in its statement: `auto x = co_await f(named);`, `co_await f(named);`, `co_return co_await f(named);`.
# Never in a condition, in ?:, inside an argument list; no braces and no capturing lambda inside the awaited
# expression; nothing is detached. Compilers of the field have miscompiled each of these (name it, then move it).
set -eu
cd "$(dirname "$0")/.."

git ls-files -co --exclude-standard -- '*.h' '*.cpp' | while read -r file; do
  grep -qs 'co_await\|detached' "$file" || continue
  awk -v file="$file" '
    function report(what) { print file ":" start ": " what ": " statement; bad = 1 }
    function check(    before, after) {
      if (statement ~ /(net|asio)::detached/) report("detached work has no owner, spawn it in a TaskGroup")
      if (statement !~ /co_await/) return
      before = statement
      sub(/co_await.*/, "", before)
      after = statement
      sub(/^.*co_await/, "", after)
      # `if (x) co_await f();` is a statement of its own; a condition that awaits is not.
      loose = before
      while (loose ~ /^[ \t]*(if|while|for|else|case|default)/) {
        if (loose !~ /\)/ && loose ~ /\(/) { report("co_await in a condition"); return }
        if (!sub(/^[ \t]*(if|while|for)[ \t]*(constexpr[ \t]*)?\(.*\)[ \t]*/, "", loose) && !sub(/^[ \t]*(else|default:|case[^:]*:)[ \t]*/, "", loose)) break
      }
      opens = gsub(/\(/, "(", loose); closes = gsub(/\)/, ")", loose)
      if (opens > closes && loose !~ /\([ \t]*void[ \t]*\)/ && loose !~ /^\(co_await/) { report("co_await inside an argument list or condition"); return }
      if (loose ~ /[^:]\?[^:]/ || loose ~ /(&&|\|\|)[^]]*$/) { report("co_await in a compound expression"); return }
      if (after ~ /\{/) report("braces inside a co_await expression")
      if (after ~ /\[[^]]*[=&a-z][^]]*\][ \t]*[({]/) report("a lambda inside a co_await expression")
      if (after ~ /[^:]\?[^:]/) report("?: in a co_await expression")
    }
    {
      text = $0
      sub(/\/\/.*/, "", text)
      if (text ~ /^[ \t]*#/) next
      gsub(/"([^"\\]|\\.)*"/, "\"\"", text)
      gsub(/R"\(.*\)"/, "\"\"", text)
      if (statement == "") { start = NR; sub(/^[ \t]+/, "", text) }
      statement = statement " " text
      # A statement ends at ; or at a brace that closes or opens a block.
      if (text ~ /[;{}][ \t]*$/ || text ~ /;[ \t]*}$/) {
        sub(/^[ \t]+/, "", statement)
        block_open = statement ~ /\{[ \t]*$/
        if (block_open) sub(/\{[ \t]*$/, "", statement)
        check()
        statement = ""
      }
    }
    END { exit bad }
  ' "$file" || exit_code=1
  [ "${exit_code:-0}" = 0 ] || : > "${TMPDIR:-/tmp}/oriel-coroutine-check.$$.bad"
done
# The loop runs in a subshell; its verdict is what it printed, kept in a file.
if [ -e "${TMPDIR:-/tmp}/oriel-coroutine-check.$$.bad" ]; then
  rm -f "${TMPDIR:-/tmp}/oriel-coroutine-check.$$.bad"
  exit 1
fi
