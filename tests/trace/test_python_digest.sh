#!/bin/sh
# Canonical texts and digests of 100,000 values, and of tables and files, are those of Python's
# own json and hashlib.
#
# From the build: DIGESTS (the program python-digests).  A seed may be given.
set -u

here=$(cd "$(dirname "$0")" && pwd)
export LC_ALL=C
exec python3 "$here/python/digests.py" "$DIGESTS" "$@"
