#!/bin/sh
# The command `weft` of the image. The agent runs as a numeric user and binds port 53: `with-port-53` is setpriv with that
# one capability, and hands it on to node as an ambient one. Where that is forbidden (no-new-privileges, or all
# capabilities dropped), Weft runs without it and says itself what it may not bind.
home=/usr/local/lib/weft

with_port_53() {
  exec "$home/with-port-53" --inh-caps=+net_bind_service --ambient-caps=+net_bind_service "$@"
}

if [ "$1" = up ] && (with_port_53 true) 2>/dev/null; then
  with_port_53 node "$home/weft.js" "$@"
fi
exec node "$home/weft.js" "$@"
