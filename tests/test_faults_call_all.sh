#!/bin/sh
# The scenario in which every call fails once calls every function of the API: those that its
# objects leave open are what tests/exports.txt lists, with recording also tests/trace/exports.txt.
#
# From the build: FAULTS_OBJECTS (test_faults' own), RECORDING (ON or OFF).
set -u

export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# shellcheck disable=SC2086 # a list
nm -u $FAULTS_OBJECTS | awk '$2 ~ /^bothy_/ { print $2 }' | sort -u >"$work/called"
[ "$RECORDING" = ON ] && trace=$root/tests/trace/exports.txt
sort "$root/tests/exports.txt" ${trace:+"$trace"} >"$work/exported"

comm -13 "$work/called" "$work/exported" | sed 's/^/not called in tests\/faults: /' >"$work/missing"
cat "$work/missing"
echo "$(wc -l <"$work/called") functions are called"
[ ! -s "$work/missing" ] && [ -s "$work/called" ]
