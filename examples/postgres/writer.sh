#!/bin/sh
# Writes 1, 2, 3, … for ever, each until it is acknowledged, and prints it then. It knows the members' names, and asks for
# one that accepts writes.
hosts="host=$MEMBERS user=postgres dbname=postgres target_session_attrs=read-write connect_timeout=2"

write() {
  timeout 5 psql "$hosts" -qc "$1" 2>/dev/null
}

until write 'create table if not exists kept (number int primary key)'; do sleep 0.2; done
number=1
while :; do
  # A write whose acknowledgement was lost may be there already.
  if write "insert into kept values ($number) on conflict do nothing"; then
    echo "$number"
    number=$((number + 1))
  else
    sleep 0.2
  fi
done
