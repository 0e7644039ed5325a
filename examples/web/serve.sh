#!/bin/sh
# nginx that goes on accepting for three seconds after it is told to stop, and then ends what it has begun. The stop signal
# itself takes it out of Weft's answers at once; the rest is for those who hold an answer for its second of life.
nginx -c /nginx.conf -g 'daemon off;' &
trap 'sleep 3; kill -QUIT $!' TERM
wait $!
wait $!
