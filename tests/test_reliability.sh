#!/bin/sh
# The matrix in docs/reliability.md names each scenario that there is, and none that there is not.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT

# Those that the files register, and the words of the matrix's second column.
sed -n 's/^	{"\([a-z_]*\)",.*/\1/p' tests/sim/*.c | sort -u >"$work/there"
awk -F '|' '/^\| pair \|/ { on = 1; next } !/^\|/ { on = 0 } on && $3 !~ /---/ { print $3 }' \
	docs/reliability.md | tr -d ' ' | tr ',' '\n' | sort -u >"$work/named"
[ "$(wc -l <"$work/there")" -gt 100 ] || { echo "no scenarios were found" >&2; exit 1; }
diff "$work/there" "$work/named"
