#!/bin/sh
# Dependencies point one way: every #include "…" is checked against the arrows of ARCHITECTURE.md, and every system library
# against the one folder that may know it. Prints each violation and exits 1 when there is one.
set -eu
cd "$(dirname "$0")/.."

git ls-files -co --exclude-standard -- '*.h' '*.cpp' '*.cc' '*.c' | awk '
  BEGIN {
    # part -> parts that it may include (itself always)
    allow["libs/base"]     = ""
    allow["libs/crypto"]   = "libs/base"
    allow["libs/async"]    = "libs/base"
    allow["libs/testing"]  = "libs/base libs/async"
    allow["libs/http"]     = "libs/base libs/async"
    allow["libs/postgres"] = "libs/base libs/async"
    allow["libs/redis"]    = "libs/base libs/async"
    allow["libs/docker"]   = "libs/base libs/async libs/http"
    allow["libs/domain"]   = "libs/base"
    allow["libs/store"]    = "libs/base libs/async libs/domain libs/postgres libs/crypto"
    allow["display"]       = "libs/base libs/async protocol"
    libraries = "libs/base libs/crypto libs/async libs/http libs/postgres libs/redis libs/docker libs/domain libs/store protocol"
    allow["services/api"] = allow["services/manager"] = allow["services/agent"] = allow["services/broker"] = libraries
    allow["services/setup"] = allow["services/share"] = allow["cli"] = libraries
    allow["init"] = "libs/base"
    allow["proxy"] = "libs/base libs/async"
    # a system header may be known to these parts only
    only["libpq-fe.h"]   = "libs/postgres"
    only["hiredis/"]     = "libs/redis"
    only["X11/"]         = "display"
    only["xcb/"]         = "display"
    only["sodium.h"]     = "libs/crypto"
    only["openssl/"]     = "libs/crypto"
    only["boost/beast"]  = "libs/http"
  }
  function part_of(path,    pieces) {
    split(path, pieces, "/")
    if (pieces[1] == "libs" || pieces[1] == "services") return pieces[1] "/" pieces[2]
    return pieces[1]
  }
  function allowed(from, to,    list, i, n) {
    if (from == to) return 1
    n = split(allow[from], list, " ")
    for (i = 1; i <= n; ++i) if (list[i] == to) return 1
    return 0
  }
  {
    path = $0
    from = part_of(path)
    if (!(from in allow)) next
    test = path ~ /_test\.cpp$/ || path ~ /(^|\/)(testing|tests|fuzz|bench)\//
    line = 0
    while ((getline text < path) > 0) {
      ++line
      if (text ~ /^#[ \t]*include[ \t]*"/) {
        split(text, quoted, "\"")
        to = part_of(quoted[2])
        if (to !~ /^(libs\/|services\/|display$|cli$|proxy$|protocol$)/) continue
        if (test && (to == "libs/testing" || from ~ /^services\// && to ~ /^libs\// || from == "libs/store")) continue
        if (!allowed(from, to)) { print path ":" line ": " from " must not include " quoted[2]; bad = 1 }
      } else if (text ~ /^#[ \t]*include[ \t]*</) {
        split(text, angled, /[<>]/)
        for (header in only)
          if (index(angled[2], header) == 1 && from != only[header] && !(from == "cli" && header == "openssl/")) {
            print path ":" line ": only " only[header] " may know <" angled[2] ">"; bad = 1
          }
      }
    }
    close(path)
    if (from == "libs/domain" && !test) {
      # domain has no I/O
      while ((getline text < path) > 0)
        if (text ~ /^#[ \t]*include[ \t]*<(sys\/|unistd|fcntl|fstream|boost\/asio)/) { print path ": domain has no I/O: " text; bad = 1 }
      close(path)
    }
  }
  END { exit bad }
'
