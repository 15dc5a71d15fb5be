#!/bin/sh
# The functions that docs/models.md says are modelled are there, each in the file that it says, and
# so are the mistakes that it says are planted; the models read the table that job.c reads; and no
# modelled function has changed since somebody last compared it with its model.
#
#     tests/test_models.sh            check
#     tests/test_models.sh --renew    they have been compared: write tests/model/compared anew
#
# First the check itself is checked: on a page that names what is not there, and on a function that
# has changed, it must fail.
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
cd "$root" || exit 1

# Print what the page PAGE names and the tree has not; 1 if there is any.  A line of its tables of
# functions is "| `FILE` | `FUNCTION`, `FUNCTION` ... |", one of its mistakes "| `MODEL` | `NAME` |".
check_page() # PAGE
{
	awk -F '|' '
		$2 ~ /^ `[a-z\/]+[.][ch]` $/ { kind = "function" }
		$2 ~ /^ `(park|job|close)` $/ && $3 ~ /^ `[A-Z_]+` $/ { kind = "mistake" }
		kind != "" {
			gsub(/[` ]/, "", $2)
			n = split($3, names, ",")
			for (i = 1; i <= n; i++) {
				gsub(/[` ]/, "", names[i])
				print kind, $2, names[i]
			}
			kind = ""
		}' "$1" >"$list"
	if [ "$(grep -c '^function' "$list")" -le 10 ] || ! grep -q '^mistake' "$list"; then
		echo "$1: no tables"
		return 1
	fi
	missing=0
	while read -r kind where name; do
		case $kind in
		function) grep -qE "^[a-z].*[ *]$name\(" "$where" ;;
		mistake) grep -qE "== $name\$|!= $name\$" "tests/model/$where.pml" ;;
		esac && continue
		echo "$1: $where has no $name"
		missing=1
	done <"$list"
	return "$missing"
}

# Print "CHECKSUM FILE FUNCTION" of each function that the page names, its comments, spaces and line
# ends apart; the sources are below FOLDER.
sums() # FOLDER
{
	check_page docs/models.md >/dev/null || return 1
	before=
	sed -n 's/^function //p' "$list" | sort -u | while read -r file function; do
		[ "$file" = "$before" ] || gcc -E -P -fpreprocessed -dD -x c "$1/$file" >"$code"
		before=$file
		sum=$(awk -v name="$function" '
			!inside && $0 ~ "^[a-z].*[ *]" name "[(]" { inside = 1 }
			!inside { next }
			{ text = text $0 }
			/;$/ && text !~ /{/ { inside = 0; text = "" }
			/^}/ { exit }
			END { gsub(/[ \t]/, "", text); print text }' "$code" | cksum)
		echo "${sum%% *} $file $function"
	done
}

# Print what has changed; 1 if there is anything.
check_sums() # FOLDER
{
	sums "$1" >"$now" || return 1
	[ "$(wc -l <"$now")" -gt 10 ] || return 1
	diff tests/model/compared "$now" | sed -n 's/^[<>] [0-9]* //p' | sort -u >"$list"
	[ ! -s "$list" ] && return 0
	while read -r file function; do
		echo "$file: $function is not as it was when it was compared with its model"
	done <"$list"
	echo "see whether docs/models.md and the model still say what it does, then: $0 --renew"
	return 1
}

scratch=$(mktemp -d) || exit 1
trap 'rm -rf "$scratch"' EXIT
list=$scratch/list now=$scratch/now spoiled=$scratch/spoiled code=$scratch/code changed=$scratch/tree

case ${1-} in
'') ;;
--renew)
	sums . >"$now" && cp "$now" tests/model/compared
	exit
	;;
*)
	sed -n '/^#     /s/^# \{0,1\}//p' "$0" >&2
	exit 2
	;;
esac

# shellcheck disable=SC2016
for spoil in 's/job_move/job_moved/' 's/| `IN_PLACE_IS_OVER`/| `IN_PLACE_WAS_OVER`/'; do
	sed "$spoil" docs/models.md >"$spoiled"
	if cmp -s docs/models.md "$spoiled" || check_page "$spoiled" >/dev/null; then
		echo "the check is blind to $spoil" >&2
		exit 1
	fi
done

mkdir -p "$changed/sync" && cp -r sync/native "$changed/sync" && cp -r pool tls "$changed" || exit 1
sed -i '/^void waitlist_remove_locked/,/^}/s/linked = false/linked = true/' "$changed/pool/waitlist.c"
if ! check_sums "$changed" | grep -q '^pool/waitlist.c: waitlist_remove_locked '; then
	echo "the check is blind to a function that has changed" >&2
	exit 1
fi

grep -q '^#include "pool/transitions.h"$' pool/job.c tests/model/job.pml || exit 1
if [ -n "$(gcc -E -P -x c pool/transitions.h)" ]; then
	echo "pool/transitions.h has more than the preprocessor's lines" >&2
	exit 1
fi

# The job's phases have the numbers that the library gives them.
{
	echo '#include "pool/job.h"'
	sed -n 's/^#define \([A-Z]*_[A-Z_]*\) *\([0-9]\)$/_Static_assert(\1 == \2, "\1");/p' \
		tests/model/job.pml | grep -E '\((BOTHY|JOB)_'
} >"$list"
[ "$(wc -l <"$list")" -eq 11 ] || { echo "job.pml has not all phases" >&2; exit 1; }
"${CC:-cc}" -x c -std=c11 -D_DEFAULT_SOURCE -fsyntax-only -I. -Iapi/include "$list" || exit 1

check_page docs/models.md && check_sums .
