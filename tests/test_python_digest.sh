#!/bin/sh
# Canonical texts and digests of 100,000 values, and of tables and files, are those of Python's
# own json and hashlib.
#
# From the build: DIGESTS (the program python-digests).  A seed may be given.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
export LC_ALL=C
exec python3 "$root/tests/python/digests.py" "$DIGESTS" "$@"
