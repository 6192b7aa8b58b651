#!/bin/sh
# Runs the program with the Node.js that came with it, wherever both were unpacked.
self=$(readlink -f -- "$0")
lib=${self%/bin/*}/lib/openemr-audit-forwarder
exec "$lib/bin/node" "$lib/openemr-audit-forwarder.cjs" "$@"
