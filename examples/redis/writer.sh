#!/bin/sh
# Writes 1, 2, 3, … for ever, each until the primary and one replica have it (WAIT), and prints it then. It knows the
# Sentinels' names, and they name the primary.

. /primary.sh

number=1
while :; do
  [ -n "$primary" ] || primary=$(primary)
  replicas=$(printf 'set kept:%d %d\nwait 1 1000\n' "$number" "$number" | timeout 2 redis-cli -h "$primary" 2>/dev/null | tail -1)
  if [ "${replicas:-0}" -ge 1 ] 2>/dev/null; then
    echo "$number"
    number=$((number + 1))
  else
    primary=
    sleep 0.2
  fi
done
