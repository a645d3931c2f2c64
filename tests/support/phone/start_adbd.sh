#!/bin/bash
# start_adbd.sh PHONE PORT BANNER [USER:GROUP] - the real adbd in a chroot of PHONE, on 127.0.0.1:PORT, in the
# foreground: its process id is this script's. As root, or as an ordinary user through a user namespace. What it
# mounts lives in a mount namespace of its own and vanishes with it.
set -euo pipefail

phone=$(cd "$1" && pwd)
namespace=(unshare -m --propagation private)
powers=
if [ "$(id -u)" != 0 ]; then
  namespace=(unshare -Ur -m --propagation private)
  powers=-dac_override,-dac_read_search # root of that namespace would read what nobody may
fi

exec "${namespace[@]}" /bin/sh -ec '
  phone=$1 port=$2 banner=$3 user=$4 powers=$5
  # Without terminals of its own adbd cannot open a shell.
  mount -t devpts -o newinstance,ptmxmode=0666,mode=0620 devpts "$phone/dev/pts"
  [ -e "$phone/dev/ptmx" ] || : >"$phone/dev/ptmx"
  mount --bind "$phone/dev/pts/ptmx" "$phone/dev/ptmx"
  for node in null zero urandom tty; do
    [ -e "$phone/dev/$node" ] || : >"$phone/dev/$node"
    mount --bind "/dev/$node" "$phone/dev/$node"
  done
  mount --rbind /proc "$phone/proc" || true
  exec ${powers:+setpriv --bounding-set="$powers"} \
    env -i PATH=/system/bin:/usr/bin HOME=/data/local/tmp TMPDIR=/tmp ANDROID_DATA=/data EXTERNAL_STORAGE=/sdcard \
    LC_ALL=C.UTF-8 ADBD_PORT="$port" \
    /usr/sbin/chroot ${user:+--userspec="$user"} "$phone" \
    /usr/bin/env LD_PRELOAD=/usr/lib/loopback_only.so /usr/lib/android-sdk/platform-tools/adbd --device_banner "$banner"
' sh "$phone" "$2" "$3" "${4:-}" "$powers"
