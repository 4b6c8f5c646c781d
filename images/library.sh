# shellcheck shell=bash
# Shared by the scripts beside it: what goes into a hash, and how a picture is made. Sourced, never run.

# die MESSAGE: ends the script.
die() {
  printf 'images: %s\n' "$1" >&2
  exit 1
}

# need PROGRAM PACKAGE: ends with the package that brings a missing program.
need() {
  command -v "$1" >/dev/null || die "$1 is missing: apt-get install $2"
}

# digest_of PATH...: one hash over names, executable bits and contents of files and of all files below directories.
# Other permissions are not ours: they follow the umask of the checkout.
digest_of() {
  local path
  for path in "$@"; do
    find "$path" \( -type f -o -type l \) -print0
  done | LC_ALL=C sort -z | while IFS= read -r -d '' path; do
    if [ -L "$path" ]; then
      printf '%s link %s\n' "${path#"$images/"}" "$(readlink "$path")"
    else
      [ -x "$path" ] && printf 'x '
      printf '%s %s\n' "${path#"$images/"}" "$(sha256sum <"$path")"
    fi
  done | sha256sum | cut -c1-64
}

# paint SVG PNG WIDTH: draws a picture.
paint() {
  rsvg-convert --width "$3" --keep-aspect-ratio "$1" --output "$2"
}

# plain_modes DIRECTORY: the modes that files of an image have, whatever the umask of the checkout was.
plain_modes() {
  find "$1" -type d -exec chmod 0755 {} +
  find "$1" -type f -perm /0100 -exec chmod 0755 {} +
  find "$1" -type f ! -perm /0100 -exec chmod 0644 {} +
}
