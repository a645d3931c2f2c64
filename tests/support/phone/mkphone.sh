#!/bin/bash
# mkphone.sh ROOT PHONE - lays out a phone in the folder PHONE from the unpacked packages in ROOT: adbd and its
# libraries, mksh as the shell (Android's own), toybox's commands, and /sdcard as the chain of links that it is.
set -euo pipefail

root=$1
phone=$2
mkdir -p "$phone"
# Hard links where the disk allows them: nothing below writes into a file that came from ROOT.
cp -al "$root"/. "$phone"/ 2>/dev/null || cp -a "$root"/. "$phone"/

for folder in bin sbin lib lib64; do ln -sfn "usr/$folder" "$phone/$folder"; done
mkdir -p "$phone"/{dev/pts,proc,system,tmp,run/user,mnt/media_rw,data/local/tmp,storage/self,storage/emulated/0}
chmod 1777 "$phone/tmp"
ln -sfn ../usr/bin "$phone/system/bin"
ln -sfn mksh "$phone/usr/bin/sh"

# toybox names its commands itself; the library path is the architecture's (x86_64-linux-gnu, aarch64-linux-gnu).
libraries=$(dirname "$(find "$phone/usr/lib" -name 'libc.so.6' | head -n 1)")
loader=$(find "$phone/usr/lib" "$phone/usr/lib64" -name 'ld-linux-*.so.*' 2>/dev/null | head -n 1)
for command in $("$loader" --library-path "$libraries" "$phone/usr/bin/toybox"); do
  [ -e "$phone/usr/bin/$command" ] || ln -s toybox "$phone/usr/bin/$command"
done
# Debian's toybox leaves out a few that Android's has; busybox lends them.
for command in dd tr expr diff sed; do
  [ -e "$phone/usr/bin/$command" ] || ln -s busybox "$phone/usr/bin/$command"
done

ln -sfn /storage/emulated/0 "$phone/storage/self/primary"
ln -sfn /storage/self/primary "$phone/sdcard"
mkdir -p "$phone"/storage/emulated/0/{DCIM/Camera,Pictures,Download,Movies,Android/{data,obb,media}}

printf '%s\n' 'root:x:0:0::/data/local/tmp:/bin/sh' 'shell:x:2000:2000:shell:/data/local/tmp:/bin/sh' >"$phone/etc/passwd.new"
printf '%s\n' 'root:x:0:' 'shell:x:2000:' >"$phone/etc/group.new"
mv "$phone/etc/passwd.new" "$phone/etc/passwd"
mv "$phone/etc/group.new" "$phone/etc/group"
