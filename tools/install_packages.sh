#!/bin/sh
# Installs the packages of packages.txt that are missing, with apt-get; asks for root only when there is something to do.
set -eu
list="$(dirname "$0")/../packages.txt"

if ! command -v apt-get >/dev/null 2>&1; then
  echo "No apt-get here. Please install what packages.txt lists with your own package manager, then go on." >&2
  exit 0
fi

is_installed() { [ "$(dpkg-query -W -f '${db:Status-Status}' "$1" 2>/dev/null)" = installed ]; }

# One line a need; prints the package to install, or nothing where one of the alternatives is there.
missing_of() {
  first=""
  for name in $(echo "$1" | tr '|' ' '); do
    if is_installed "$name"; then return; fi
  done
  for name in $(echo "$1" | tr '|' ' '); do
    [ -n "$first" ] || first=$name
    if apt-cache show "$name" >/dev/null 2>&1; then echo "$name"; return; fi
  done
  echo "$first"
}

needs() { grep -v '^#' "$list" | while read -r line; do [ -z "$line" ] || missing_of "$line"; done; }

[ -n "$(needs)" ] || exit 0
as_root=""
if [ "$(id -u)" -ne 0 ]; then
  as_root=sudo
  command -v sudo >/dev/null 2>&1 || { echo "Missing packages, and no sudo: run as root: apt-get install" $(needs) >&2; exit 1; }
fi
echo "Installing:" $(needs)
$as_root apt-get update -qq
# Asked again: without a package list, an alternative that exists may not have been seen.
DEBIAN_FRONTEND=noninteractive $as_root apt-get install -y -qq --no-install-recommends $(needs) >/dev/null
