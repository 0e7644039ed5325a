# `primary`: prints the name of the primary, as the first Sentinel says that answers; fails when none does.
primary() {
  for sentinel in $SENTINELS; do
    timeout 2 redis-cli -h "$sentinel" -p 26379 sentinel get-master-addr-by-name set 2>/dev/null | head -1 | grep . && return
  done
}
