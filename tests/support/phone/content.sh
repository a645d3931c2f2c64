#!/bin/sh
# content query --uri URI --projection A:B:C [--where W] - the test phone's stand-in for Android's: it prints the
# rows in /data/media.rows just as carelessly. That file's first line names its columns; tabs stand between
# values, and \n, \t and \\ are spelled out. Of conditions it knows that on media_type.
[ "$1" = query ] || exit 1
shift
while [ $# -gt 0 ]; do
  case $1 in
    --projection) projection=$2 ;;
    --where) where=$2 ;;
  esac
  shift
done
[ -e /data/media.broken ] && { cat /data/media.broken >&2; exit 0; }
[ -s /data/media.rows ] || { echo 'No result found.'; exit 0; }

tab=$(printf '\t')
{
  IFS=$tab read -r header
  wanted=
  IFS=: ; for column in $projection; do
    place=0 found=
    IFS=$tab ; for name in $header; do
      [ "$name" = "$column" ] && found=$place
      place=$((place + 1))
    done
    if [ -z "$found" ]; then
      echo "Error while accessing provider:media" >&2
      echo "java.lang.IllegalArgumentException: Invalid column $column" >&2
      exit 0
    fi
    wanted="$wanted$column:$found$tab"
  done
  place=0 type=
  IFS=$tab ; for name in $header; do
    [ "$name" = media_type ] && type=$place
    place=$((place + 1))
  done
  row=0
  while IFS=$tab read -r -A values; do
    case $where,${values[$type]} in *media_type*,[!13]) continue ;; esac
    out=
    IFS=$tab ; for pair in $wanted; do
      out="$out${out:+, }${pair%%:*}=${values[${pair#*:}]}"
    done
    printf 'Row: %d %b\n' "$row" "$out"
    row=$((row + 1))
  done
} </data/media.rows
