#!/bin/sh
# A member that follows whichever other one the Sentinels name. It begins as the primary only with BEGIN=yes: a primary
# that comes back empty before it was replaced would have the others copy that.
set -eu
me=$(hostname)

. /primary.sh

set -- --dir /tmp --save '' --bind '*' --protected-mode no --replica-announce-ip "$me" --repl-timeout 5 --repl-diskless-sync-delay 0
if [ "$BEGIN" != yes ]; then
  until primary=$(primary) && [ "$primary" != "$me" ]; do sleep 0.5; done
  set -- "$@" --replicaof "$primary" 6379
fi
exec redis-server "$@"
