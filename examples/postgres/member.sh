#!/bin/sh
# A member of a replicated set, by name only: the primary is whichever of $MEMBERS accepts writes when it is asked.
# BEGIN=yes makes the first member of a new set. There are no passwords here; see the README.
set -eu
# A standby that has lost its primary may ask for it in the moment before its name is gone. What connects in the background
# obeys tcp_user_timeout (milliseconds) only; without it, it would wait a minute for nobody.
hosts="host=$MEMBERS user=postgres target_session_attrs=read-write connect_timeout=2 tcp_user_timeout=3000"

primary_answers() {
  psql "$hosts dbname=postgres" -qAtc 'select 1' >/dev/null 2>&1
}

# Where a primary lives, what this one has may have parted from it: a killed primary that comes back has to copy anew.
if [ -e "$PGDATA/PG_VERSION" ] && [ ! -e "$PGDATA/standby.signal" ] && primary_answers; then
  rm -rf "$PGDATA"
fi
if [ ! -e "$PGDATA/PG_VERSION" ] && [ -n "$BEGIN" ]; then
  initdb --pgdata="$PGDATA" --username=postgres --auth=trust --encoding=UTF8 --locale=C >/dev/null
  printf 'host all all all trust\nhost replication all all trust\n' >>"$PGDATA/pg_hba.conf"
fi
until [ -e "$PGDATA/PG_VERSION" ]; do
  echo 'copying the primary'
  pg_basebackup --dbname="$hosts" --pgdata="$PGDATA" --checkpoint=fast && touch "$PGDATA/standby.signal" && break
  rm -rf "$PGDATA"
  sleep 1
done

# A write is acknowledged when one standby has it on its disk, too. A standby finds the primary anew, by name, each time
# it has lost it, and follows it on to the time line that a promotion begins.
exec postgres -c listen_addresses='*' \
  -c synchronous_standby_names="ANY 1 ($(echo "$MEMBERS" | sed 's/\.[^,]*//g'))" \
  -c primary_conninfo="$hosts application_name=$(hostname)" \
  -c recovery_target_timeline=latest -c wal_retrieve_retry_interval=1s \
  -c wal_receiver_timeout=5s -c wal_sender_timeout=5s -c wal_keep_size=256MB
