#!/bin/sh
# A Sentinel that knows the members, the other Sentinels and itself by name. Which member is the primary it hears from
# the others; with BEGIN=yes it is the first.
set -eu

. /primary.sh

primary=node0.weave.local
if [ "$BEGIN" != yes ]; then
  until primary=$(primary); do sleep 0.5; done
fi
cat >/tmp/sentinel.conf <<CONF
port 26379
dir /tmp
protected-mode no
sentinel resolve-hostnames yes
sentinel announce-hostnames yes
sentinel announce-ip $(hostname)
sentinel monitor set $primary 6379 2
sentinel down-after-milliseconds set 2000
sentinel failover-timeout set 10000
CONF
exec redis-server /tmp/sentinel.conf --sentinel
