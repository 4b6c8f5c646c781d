#!/bin/sh
# Writes the proxy's own answers, one HTML and one JSON file for each status, into the given directory.
set -eu
out=$1
mkdir -p "$out"

# status, code of libs/base/result.h, title, what next
page() {
  printf '{"error":{"code":"%s","message":"%s %s"}}\n' "$2" "$3" "$4" >"$out/$1.json"
  refresh=
  [ "$1" != 503 ] || refresh='<meta http-equiv="refresh" content="3">'
  cat >"$out/$1.html" <<HTML
<!doctype html><html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">$refresh<title>$3</title>
<style>:root{color-scheme:light dark}body{font:16px/1.5 system-ui,sans-serif;max-width:34rem;margin:18vh auto 0;padding:0 1.5rem}h1{font-size:1.25rem}</style>
</head><body><h1>$3</h1><p>$4</p></body></html>
HTML
}

page 400 invalid 'This address cannot be read.' 'Check it, or start again from the first page.'
page 401 unauthenticated 'You are not signed in.' 'Sign in, then open the session again.'
page 403 forbidden 'You may not do this here.' 'Ask the owner of the session or an administrator.'
page 404 not_found 'There is nothing here.' 'Start again from the first page.'
page 405 invalid 'This address does not accept that request.' 'Start again from the first page.'
page 413 invalid 'What was sent is too large.' 'Send less at once.'
page 414 invalid 'This address is too long.' 'Start again from the first page.'
page 429 rate_limited 'Too many requests from your network.' 'Wait a few seconds, then try again.'
page 500 internal 'Something went wrong here.' 'Try again; if it stays, ask an administrator to look at the logs.'
page 503 unavailable 'Oriel is starting or restarting.' 'This page tries again by itself; running sessions are not affected.'
page 504 unavailable 'Oriel did not answer in time.' 'Try again in a moment.'
