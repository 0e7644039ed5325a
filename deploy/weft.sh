#!/bin/sh
# The command `weft` of the image and of the npm package: sets what Node and the C library read only before they start.
# Whatever starts an agent starts it by this, so that these settings stand in one place.
home=$(dirname "$(readlink -f "$0")")

# What was compiled is kept: an agent starts in less time, and in 6 MB less, where it need not read 2 MB of source. The
# image brings it along; a unit of systemd with CacheDirectory= has a place for it.
compiled=${CACHE_DIRECTORY:-$home/compiled}
if [ -d "$compiled" ]; then export NODE_COMPILE_CACHE="$compiled"; fi

# Left to itself, Node keeps 100 MB more for as long as it runs, once it has made much garbage: so large would its young
# generation be. And the C library would keep a heap for each thread, and what was freed inside it: from a threshold
# on, which must be above the 64 kB that Node takes for each datagram, what is freed goes back to the system.
# Two small heaps need one thread that helps to collect and compile, and not the four that Node starts.
memory='--max-semi-space-size=1 --v8-pool-size=1'
export MALLOC_ARENA_MAX=1 MALLOC_MMAP_THRESHOLD_=73728 MALLOC_TRIM_THRESHOLD_=131072

# The agent of the image runs as a numeric user and binds port 53: `with-port-53` is setpriv with that one capability, and
# hands it on to node as an ambient one. Where that is forbidden (no-new-privileges, or all capabilities dropped), Weft
# runs without it and says itself what it may not bind.
with_port_53() {
  exec "$home/with-port-53" --inh-caps=+net_bind_service --ambient-caps=+net_bind_service "$@"
}

if [ "$1" = up ] && [ -x "$home/with-port-53" ] && (with_port_53 true) 2>/dev/null; then
  with_port_53 node $memory "$home/weft.js" "$@"
fi
exec node $memory "$home/weft.js" "$@"
