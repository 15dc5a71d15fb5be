#!/bin/sh
# The programs in the README, and in what it says about recording, are compiled as they stand there,
# run, and print what it says: each ```c block with a main() in it, and the next block after it.
#
# From the build: CC, LIBRARY (libbothy.a), SANITIZERS (flags it was built with),
# RECORDING_LIBRARIES (what recording needs; empty: it is built without).
set -u

root=$(cd "$(dirname "$0")/.." && pwd)
[ $# -gt 0 ] || set -- "$root/README.md" ${RECORDING_LIBRARIES:+"$root/docs/recording.md"}
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
failed=0
n=0

# Write the programs to 1.c, 2.c ... and what they print to 1.text, 2.text ...
awk -v work="$work" '
/^```/ && !inside {
	inside = 1
	language = substr($0, 4)
	text = ""
	next
}
/^```/ {
	inside = 0
	if (language == "c" && text ~ /(^|\n)int main\(/) {
		printf "%s", text >(work "/" ++n ".c")
		awaited = 1
	} else if (awaited) {
		printf "%s", text >(work "/" n ".text")
		awaited = 0
	}
	next
}
inside {
	text = text $0 "\n"
}
' "$@"

for program in "$work"/*.c; do
	[ -e "$program" ] || break
	n=$((n + 1))
	name=${program%.c}
	# shellcheck disable=SC2086
	if ! "${CC:-cc}" -std=c11 -Wall -Wextra -Wpedantic -Werror ${SANITIZERS-} \
		-I"$root/api/include" -o "$name" "$program" "$LIBRARY" ${RECORDING_LIBRARIES-} \
		-pthread -lm; then
		echo "program $n does not compile"
		failed=1
	elif ! "$name" >"$name.output"; then
		echo "program $n fails"
		failed=1
	elif ! diff -u "$name.text" "$name.output"; then
		echo "program $n prints something else"
		failed=1
	fi
done
echo "$n programs"
[ "$n" -gt 0 ] || failed=1
exit "$failed"
