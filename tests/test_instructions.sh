#!/bin/sh
# What bench/instructions/compare makes of counts.  Nothing is counted here.
set -eu

compare=$(cd "$(dirname "$0")/.." && pwd)/bench/instructions/compare
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
failures=0

counts() # GCC [NAME COUNT]...
{
	printf 'machine x86_64\ngcc %s\nglibc 2.36\n' "$1"
	shift
	[ $# -eq 0 ] || printf '%s %s\n' "$@"
}

# That compare returns STATUS for what is kept and what MEASURED has, and that the WORDS are in
# what it says.
expect() # STATUS WORDS
{
	status=0
	"$compare" "$scratch/kept" "$scratch/measured" >"$scratch/said" || status=$?
	if [ "$status" -ne "$1" ] || ! grep -q -e "$2" "$scratch/said"; then
		echo "expected $1 and <$2>, got $status and:"
		cat "$scratch/said"
		failures=1
	fi
}

{
	echo '# a comment'
	counts 12.2.0 submit 1000 run 2000
} >"$scratch/kept"

counts 12.2.0 submit 1000 run 2000 >"$scratch/measured"
expect 0 '^all 2 counts'
counts 12.2.0 submit 1050 run 2000 >"$scratch/measured" # just as much as may be
expect 0 '^submit .* +5.0%$'
counts 12.2.0 submit 1051 run 2000 >"$scratch/measured"
expect 1 '^submit .*ROSE$'
expect 1 '^FAILED: 1 of 2'
counts 12.2.0 submit 1000 run 2101 >"$scratch/measured"
expect 1 '^run .*ROSE$'
counts 12.2.0 submit 949 run 2000 >"$scratch/measured"
expect 0 '^submit .*fell; renew'
expect 0 '^1 fell by more'
counts 12.2.0 submit 949 run 2101 >"$scratch/measured" # the one does not make up for the other
expect 1 '^FAILED'
counts 12.2.0 submit 1000 >"$scratch/measured"
expect 1 '^run .*IN ONE ALONE'
counts 12.2.0 submit 1000 run 2000 settle 5 >"$scratch/measured"
expect 1 '^settle .*IN ONE ALONE'
counts 12.2.0 submit 0 run 2000 >"$scratch/measured" # as if nothing had been counted
expect 1 '^submit .*IN ONE ALONE'
counts 12.2.0 >"$scratch/measured"
expect 1 '^FAILED'
counts 13.1.0 submit 9000 run 9000 >"$scratch/measured"
expect 77 '^gcc .*another$'
tail -n 1 "$scratch/said" >"$scratch/last"
grep -q '^NOT COMPARED' "$scratch/last" || failures=1

counts 12.2.0 >"$scratch/kept" # nothing at all is no success
counts 12.2.0 >"$scratch/measured"
expect 1 '^FAILED'
exit "$failures"
