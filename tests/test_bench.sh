#!/bin/sh
# What bench/run makes of what it measures: medians, what is discarded, what is void.  Nothing is
# timed.
set -eu

exec python3 -B "$(dirname "$0")/../bench/harness/selftest.py"
