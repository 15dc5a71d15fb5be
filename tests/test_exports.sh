#!/bin/sh
# The shared library exports what tests/exports.txt lists, with recording also what
# tests/trace/exports.txt does, and no more; the public headers declare the same.
#
# From the build: SHARED_LIBRARY (libbothy.so), RECORDING (ON or OFF).
set -u

export LC_ALL=C
root=$(cd "$(dirname "$0")/.." && pwd)
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0

# Compare two sorted lists; say what each one alone has.
compare() # LIST FILE LIST FILE
{
	comm -23 "$2" "$4" | sed "s/^/only in $1: /" >"$work/difference"
	comm -13 "$2" "$4" | sed "s/^/only in $3: /" >>"$work/difference"
	[ -s "$work/difference" ] || return 0
	cat "$work/difference"
	failed=1
}

nm -D --defined-only "$SHARED_LIBRARY" | awk '{ sub("@.*", "", $3); print $3 }' |
	grep -v -E '^_?_(asan|ubsan|tsan|lsan|odr_asan)' | sort >"$work/exported"

# A declaration begins at the margin; its name is the word before the first bracket.
cat "$root"/api/include/bothy/*.h | sed -n 's/^BOTHY_API[^(]*[ *]\(bothy_[a-z0-9_]*\)(.*/\1/p' |
	sort >"$work/declared"

sort "$root/tests/exports.txt" "$root/tests/trace/exports.txt" >"$work/all"
cp "$work/all" "$work/listed"
[ "$RECORDING" = ON ] || cp "$root/tests/exports.txt" "$work/listed"

compare libbothy.so "$work/exported" 'the lists' "$work/listed"
compare 'the headers' "$work/declared" 'the lists' "$work/all"
if grep -v '^bothy_[a-z0-9_]*$' "$work/exported"; then
	echo 'not in the bothy_ namespace'
	failed=1
fi
echo "$(wc -l <"$work/exported") symbols"
exit "$failed"
