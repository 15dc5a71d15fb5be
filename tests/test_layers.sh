#!/bin/sh
# Each folder of the library includes only what stands below it, bothy-trace only the public headers
# and what is its own, and what synchronises, starts threads or reads the clock occurs in sync/ alone.
#
#     tests/test_layers.sh          the checkout
#     tests/test_layers.sh ROOT     another tree
#
# First the check itself is checked: on a small tree with one offence at a time, it must fail.
set -u

# Print every offence of the tree ROOT, and return 1 if there is one.
check_tree() # ROOT
{
	(
		cd "$1" || exit 2
		# shellcheck disable=SC2046
		awk "$rules" $(find sync refs tls pool trace api -name '*.[ch]' 2>/dev/null | sort)
	)
}

# shellcheck disable=SC2016
rules='
BEGIN {
	below["sync"] = "sync"
	below["refs"] = "sync refs"
	below["tls"] = "sync refs tls"
	below["pool"] = "sync refs tls pool"
	below["trace"] = "sync refs tls trace"
	below["api"] = "sync refs tls pool trace api"

	# What may occur only in the folders at the right; "-" is none.
	only("atomic_thread_fence|atomic_signal_fence|__sync_synchronize", "-")
	only("pthread_cond(attr)?_", "-")
	only("<stdatomic[.]h>|<threads[.]h>|__atomic_|__sync_", "sync")
	only("pthread_(mutex|rwlock|spin|barrier)(attr)?_", "sync")
	only("pthread_create|<semaphore[.]h>|SYS_futex|<linux/futex[.]h>", "sync")
	only("clock_gettime|gettimeofday|clock_nanosleep|nanosleep", "sync")
	only("pthread_cleanup_", "sync")
	only("pthread_key_create", "tls sync/sim")
}

function only(words, where)
{
	pattern[++patterns] = words
	home[patterns] = where
}

function offence(what)
{
	printf "%s:%d: %s\n", FILENAME, FNR, what
	offences++
}

# Whether the file is in one of the folders of the list.
function is_in(list,    names, n, i)
{
	n = split(list, names, " ")
	for (i = 1; i <= n; i++)
		if (index(FILENAME, names[i] "/") == 1)
			return 1
	return 0
}

# The line without comments.  (A comment sign in a string would mislead it; there is none.)
function code_of(line,    code, at)
{
	code = ""
	while (line != "") {
		if (commented) {
			at = index(line, "*/")
			if (at == 0)
				return code
			line = substr(line, at + 2)
			commented = 0
		} else {
			at = match(line, "/[*]|//")
			if (at == 0)
				return code line
			code = code substr(line, 1, at - 1)
			if (substr(line, at, 2) == "//")
				return code
			line = substr(line, at + 2)
			commented = 1
		}
	}
	return code
}

FNR == 1 {
	commented = 0
	folder = FILENAME
	sub("/.*", "", folder)
}

{
	code = code_of($0)
}

code ~ /^[ \t]*#[ \t]*include[ \t]*"/ {
	included = code
	sub("^[^\"]*\"", "", included)
	sub("\".*", "", included)
	top = included
	sub("/.*", "", top)
	if (FILENAME ~ "^api/include/")
		offence("a public header includes " included ", which is not public")
	else if (index(" " below[folder] " ", " " top " ") == 0)
		offence(folder "/ includes " included ", which does not stand below it")
	else if (FILENAME ~ "^trace/cli/" && included !~ "^trace/cli/")
		offence("bothy-trace includes " included ", which is not public")
	else if (FILENAME !~ "^trace/cli/" && included ~ "^trace/cli/")
		offence("the library includes " included ", which is bothy-trace")
}

{
	for (i = 1; i <= patterns; i++)
		if (match(code, pattern[i]) && !is_in(home[i]))
			offence(substr(code, RSTART, RLENGTH) " may occur in " \
				(home[i] == "-" ? "no folder" : home[i] " alone"))
}

END {
	exit offences != 0
}
'

# ---- the check is checked ---------------------------------------------------------------

fixture=$(mktemp -d) || exit 1
trap 'rm -rf "$fixture"' EXIT
blind=0

# A tree with one file of that text: whether the check says so.
expect() # clean|offence FILE TEXT
{
	rm -rf "${fixture:?}"/*
	mkdir -p "$fixture/$(dirname "$2")"
	printf '%s\n' "$3" >"$fixture/$2"
	if check_tree "$fixture" >/dev/null; then
		found=clean
	else
		found=offence
	fi
	if [ "$found" != "$1" ]; then
		echo "the check is blind: $2 with <$3> is $found, expected $1"
		blind=1
	fi
}

expect clean pool/a.c '#include "tls/context.h"'
expect clean refs/a.c '#include <bothy/ref.h>'
expect clean pool/a.c '/* pthread_create(3) is in sync/ */ int x;'
expect clean pool/a.c '// as pthread_create does'
expect clean api/a.c '#include "pool/job.h"'
expect clean trace/a.c '#include "trace/sqlite/sqlite.h"'
expect clean trace/cli/a.c '#include "trace/cli/grid.h"'
expect clean sync/native/a.c '#include <stdatomic.h>'
expect clean tls/a.c 'int e = pthread_key_create(&key, NULL);'
expect clean sync/sim/a.c 'int e = pthread_key_create(&key, NULL);'
expect offence sync/a.c '#include "refs/ref.h"'
expect offence sync/native/a.h '#include "tls/client.h"'
expect offence refs/a.c '#include "tls/client.h"'
expect offence tls/a.h '#  include "pool/pool.h"'
expect offence pool/a.c '#include "trace/call.h"'
expect offence trace/a.c '#include "pool/pool.h"'
expect offence trace/cli/a.c '#include "trace/error.h"'
expect offence trace/cli/a.h '#include "tls/client.h"'
expect offence trace/a.c '#include "trace/cli/utf8.h"'
expect offence pool/a.c '#include "api/check.h"'
expect offence pool/a.c '#include "pool.h"'
expect offence pool/a.c '#include "../tls/context.h"'
expect offence pool/a.c '#include "tests/gate.h"'
expect offence api/include/bothy/a.h '#include "sync/lock.h"'
expect offence refs/a.h '#include <stdatomic.h>'
expect offence pool/a.c '/* one */ pthread_mutex_t mutex; /* two */'
expect offence pool/a.c 'int e = pthread_create(&t, NULL, fn, NULL);'
expect offence pool/a.c 'syscall(SYS_futex, &word);'
expect offence pool/a.c 'clock_gettime(CLOCK_MONOTONIC, &now);'
expect offence api/a.c 'n = __atomic_load_n(&x, 0);'
expect offence sync/a.c 'pthread_cond_t condition;'
expect offence sync/a.h 'atomic_thread_fence(memory_order_seq_cst);'
expect offence pool/a.c 'int e = pthread_key_create(&key, NULL);'
expect offence pool/a.c 'pthread_cleanup_push(fn, arg);'
expect offence sync/native/a.c 'int e = pthread_key_create(&key, NULL);'
[ "$blind" -eq 0 ] || exit 1

# ---- the tree ---------------------------------------------------------------------------

root=${1:-$(dirname "$0")/..}
if [ -z "$(find "$root/sync" -name '*.c' 2>/dev/null)" ]; then
	echo "no sources under $root"
	exit 1
fi
check_tree "$root"
