#!/bin/bash
# Makes the base image's root file system, Debian 13 with nothing to look at, and imports it into Docker without any registry.
# usage: make.sh TAG MIRROR SECURITY_MIRROR [mmdebstrap options]
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
tag=$1 mirror=${2%/} security=${3%/}
shift 3

keyring=/usr/share/keyrings/debian-archive-keyring.gpg
mapfile -t locales < <(grep -v '^#' "$here/locales")
packages=$(grep -v '^#' "$here/packages" | paste -sd,)

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Documentation is never read in a session. Translations are kept for the languages that the image can speak, no others:
# the two letters of a language, and its form for the country where there is one.
exclusions="$work/exclusions"
{
  for path in doc man info lintian linda groff help gnome/help locale; do echo "path-exclude=/usr/share/$path/*"; done
  echo "path-include=/usr/share/doc/*/copyright"
  echo "path-include=/usr/share/locale/locale.alias"
  for locale in "${locales[@]}"; do
    country=${locale%%.*}
    echo "path-include=/usr/share/locale/${country%%_*}/*"
    echo "path-include=/usr/share/locale/$country/*"
  done
} >"$exclusions"
dpkg_options=()
while read -r option; do dpkg_options+=("--dpkgopt=$option"); done <"$exclusions"

printf '%s UTF-8\n' "${locales[@]}" >"$work/locale.gen"

# What stays in the image as its package sources: the ones it was made from, with the keyring that Debian 13 itself ships.
cat >"$work/debian.sources" <<SOURCES
Types: deb
URIs: $mirror
Suites: trixie trixie-updates
Components: main
Signed-By: $keyring

Types: deb
URIs: $security
Suites: trixie-security
Components: main
Signed-By: $keyring
SOURCES

# shellcheck disable=SC2016 # the hooks are expanded by mmdebstrap's shell, where $1 is the new root
printf 'deb [signed-by=%s] %s %s main\n' \
  "$keyring" "$mirror" trixie "$keyring" "$mirror" trixie-updates "$keyring" "$security" trixie-security |
  mmdebstrap --quiet --variant=minbase --mode=root --aptopt='APT::Install-Recommends "false"' "$@" \
    "${dpkg_options[@]}" --include="$packages" \
    --customize-hook="copy-in '$work/locale.gen' /etc" \
    --customize-hook='chroot "$1" locale-gen >/dev/null' \
    --customize-hook="mkdir -p \"\$1/usr/share/oriel\"; cp '$here/locales' \"\$1/usr/share/oriel/locales\"; chmod 0644 \"\$1/usr/share/oriel/locales\"" \
    --customize-hook='rm -f "$1/etc/apt/sources.list" "$1"/etc/apt/sources.list.d/*' \
    --customize-hook="copy-in '$work/debian.sources' /etc/apt/sources.list.d" \
    --customize-hook='printf "APT::Install-Recommends \"false\";\nAcquire::Languages \"none\";\n" >"$1/etc/apt/apt.conf.d/90oriel"; rm -f "$1/etc/apt/apt.conf.d/99mmdebstrap"' \
    --customize-hook='chroot "$1" groupadd -g 1000 user' \
    --customize-hook='chroot "$1" useradd -u 1000 -g 1000 -m -s /bin/bash -c "" user' \
    --customize-hook='rm -f "$1/etc/machine-id" "$1/etc/hostname" "$1/etc/resolv.conf"; ln -s /run/machine-id "$1/etc/machine-id"' \
    --customize-hook='rm -rf "$1"/var/cache/apt/* "$1"/var/lib/apt/lists/* "$1"/var/log/*' \
    trixie - - >"$work/root.tar"

docker import --change 'ENV LANG=C.UTF-8' --change 'ENV PATH=/usr/local/bin:/usr/bin:/bin:/usr/local/sbin:/usr/sbin:/sbin' \
  --change 'LABEL oriel.base=1' --message 'Debian 13 for Oriel sessions' "$work/root.tar" "$tag" >/dev/null
