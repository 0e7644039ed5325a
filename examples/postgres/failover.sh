#!/bin/sh
# Promotes a standby when no member has accepted writes for three seconds: the one that has received most. It is as small
# as it can be, to show that names are enough; run one of it, and for a set that matters run Patroni or repmgr.
hosts="host=$MEMBERS user=postgres dbname=postgres connect_timeout=2"
members=$(echo "$MEMBERS" | tr ',' ' ')
standbys=$(($(echo "$members" | wc -w) - 1))
received="select pg_wal_lsn_diff(coalesce(pg_last_wal_receive_lsn(), pg_last_wal_replay_lsn()), '0/0')
          where pg_is_in_recovery()"

ask() {
  timeout 5 psql "$1" -qAtc "$2" 2>/dev/null
}

missed=0
while sleep 1; do
  if [ -n "$(ask "$hosts target_session_attrs=read-write" 'select 1')" ]; then
    missed=0
    continue
  fi
  missed=$((missed + 1))
  [ "$missed" -ge 3 ] || continue
  answers=$(for member in $members; do
    position=$(ask "host=$member user=postgres dbname=postgres connect_timeout=2" "$received")
    [ -z "$position" ] || echo "$position $member"
  done | sort -n)
  # What was acknowledged is on one standby at least; all of them have to be asked to find it.
  if [ "$(echo "$answers" | grep -c .)" -lt "$standbys" ]; then
    echo 'waiting for all standbys'
    continue
  fi
  best=$(echo "$answers" | tail -1 | cut -d' ' -f2)
  echo "promoting $best"
  ask "host=$best user=postgres dbname=postgres connect_timeout=2" 'select pg_promote()'
  missed=0
done
