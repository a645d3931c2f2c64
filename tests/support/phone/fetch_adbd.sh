#!/bin/bash
# fetch_adbd.sh DEST - unpacks Debian's build of Android's own adbd, with the libraries and tools it needs, into
# DEST/root, through the mirror that apt is configured for. Nothing is installed, and apt's own state stays as
# it is; an ordinary user can run it.
set -euo pipefail

suite=${SUITE:-trixie} # the first Debian with adbd 34
packages=(adbd toybox mksh libc-bin busybox-static)
keys=/usr/share/keyrings/debian-archive-keyring.gpg

mkdir -p "$1"
dest=$(cd "$1" && pwd)
apt=$dest/apt
mkdir -p "$apt"/{lists/partial,cache/archives/partial} "$dest/root"

mirror=$(apt-get indextargets --format '$(REPO_URI)' 'Created-By: Packages' | grep -v security | sort -u | head -n 1)
[ -n "$mirror" ] || { echo "apt has no mirror configured" >&2; exit 1; }
[ -e "$keys" ] || { echo "$keys is not here: this is no Debian" >&2; exit 1; }
echo "deb [signed-by=$keys] ${mirror%/} $suite main" >"$apt/sources.list"
: >"$apt/status" # nothing counts as installed: the whole closure of the packages is fetched

options=(
  -q
  -o Dir::Etc::sourcelist="$apt/sources.list" -o Dir::Etc::sourceparts=-
  -o Dir::State::lists="$apt/lists" -o Dir::State::status="$apt/status" -o Dir::Cache="$apt/cache"
  -o APT::Install-Recommends=false -o APT::Sandbox::User=root -o Debug::NoLocking=1
  -o Acquire::Retries=3 -o Acquire::http::Timeout=20 -o Acquire::https::Timeout=20
)
apt-get "${options[@]}" update >/dev/null
apt-get "${options[@]}" install -y --download-only "${packages[@]}" >/dev/null # never runs dpkg

for package in "$apt"/cache/archives/*.deb; do
  dpkg-deb -x "$package" "$dest/root"
done
rm -rf "$dest/root/var" "$apt" # var: a folder that only root may read, and no phone needs
