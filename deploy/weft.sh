#!/bin/sh
# The command `weft` of the image. The agent runs as a numeric user and binds port 53: `with-port-53` is setpriv with that
# one capability, and hands it on to node as an ambient one. Where that is forbidden (no-new-privileges, or all
# capabilities dropped), Weft runs without it and says itself what it may not bind.
home=/usr/local/lib/weft
# A host that joins a large mesh makes much garbage for a few seconds. Left to itself, Node then keeps 100 MB more for as
# long as it runs: its young generation grows to 100 MB, and its old one to four times what lives.
memory='--max-semi-space-size=4 --heap-growing-percent=40'

with_port_53() {
  exec "$home/with-port-53" --inh-caps=+net_bind_service --ambient-caps=+net_bind_service "$@"
}

if [ "$1" = up ] && (with_port_53 true) 2>/dev/null; then
  with_port_53 node $memory "$home/weft.js" "$@"
fi
exec node $memory "$home/weft.js" "$@"
