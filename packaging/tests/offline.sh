#!/bin/sh
# Runs a command with no network but loopback, where the system lets it.
if unshare --net true 2>/dev/null; then
    exec unshare --net sh -c 'ip link set lo up && exec "$@"' sh "$@"
fi
echo "THE NETWORK IS NOT CUT: unshare --net does not work here." >&2
exec "$@"
