#!/bin/sh
# getprop NAME - the test phone's: /data/props holds a NAME=VALUE a line
while IFS= read -r line; do
  [ "${line%%=*}" = "$1" ] && { echo "${line#*=}"; exit; }
done </data/props
echo "$2"
