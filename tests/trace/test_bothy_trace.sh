#!/bin/sh
# bothy-trace shows what was recorded: to people in tables, to programs as JSON, and never
# what a terminal would obey.
#
# From the build: BOTHY_TRACE (bothy-trace), RECORD_TRACES (record-traces).  Needs python3.
set -u

export LC_ALL=C
unset NO_COLOR TERM
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
# Not by way of what stands for it in PATH, such as a version manager's script.
python=$(python3 -c 'import sys; print(sys.executable)') || exit 1
failed=0
checks=0
file=$work/traces.db

fail() # MESSAGE
{
	echo "FAILED: $1"
	sed 's/^/  stdout: /' "$work/out" | cut -c1-300 | head -7
	sed 's/^/  stderr: /' "$work/err" | cut -c1-300 | head -7
	failed=1
}

# Run bothy-trace: its exit status must be STATUS.  Its output is in out and err.
run() # STATUS ARGUMENT...
{
	expected=$1
	shift
	checks=$((checks + 1))
	"$BOTHY_TRACE" "$@" >"$work/out" 2>"$work/err"
	status=$?
	[ "$status" -eq "$expected" ] || fail "bothy-trace $*: status $status, not $expected"
	if [ "$status" -eq 0 ]; then
		[ ! -s "$work/err" ] || fail "bothy-trace $*: says something on stderr"
	else
		[ -s "$work/err" ] || fail "bothy-trace $*: says nothing on stderr"
	fi
	if LC_ALL=C tr -d '\n\040-\176\200-\377' <"$work/out" | grep -q . ||
		LC_ALL=C tr -d '\n\040-\176\200-\377' <"$work/err" | grep -q .; then
		fail "bothy-trace $*: prints control characters"
	fi
}

# The output has a line that matches; or none.
has() # REGEX
{
	grep -q -E -e "$1" "$work/out" || fail "no line of the output matches $1"
}
has_no() # REGEX
{
	! grep -q -E -e "$1" "$work/out" || fail "a line of the output matches $1"
}
says() # REGEX
{
	grep -q -E -e "$1" "$work/err" || fail "stderr does not say $1"
}
lines() # N
{
	[ "$(wc -l <"$work/out")" -eq "$1" ] || fail "not $1 lines, but $(wc -l <"$work/out")"
}

# Python finds EXPRESSION true; in it, rows is the list of the output's JSON values, and env
# the environment.
json() # EXPRESSION
{
	# shellcheck disable=SC2016
	"$python" -c '
import datetime, json, os, re, sys
env = os.environ
text = open(sys.argv[1], "rb").read()
assert all(byte == 10 or 32 <= byte < 127 for byte in text), "not ASCII"
rows = [json.loads(line) for line in text.decode().splitlines()]
assert eval("(" + sys.argv[2] + ")"), json.dumps(rows)[:1000]
' "$work/out" "$1" 2>"$work/python" || {
		fail "not so: $1"
		tail -1 "$work/python" | cut -c1-1000
	}
}

"$RECORD_TRACES" "$file" >"$work/names" || exit 1
set -a
# shellcheck source=/dev/null
. "$work/names"
set +a

# ---- ls ----------------------------------------------------------------------------------

run 0 "$file"
lines 7
has '^PROJECT +ID +OP +START +DURATION +OUTCOME +NAME$'
# shellcheck disable=SC2154
has "^ann/cats +$ROOT +evaluate +20[0-9-]{8} [0-9:]{8} +[0-9.]+[nµm]*s +ok +one.n.x1b\[31mred"
# shellcheck disable=SC2154
has "^ann/cats +$WRONG +predict +.* failed\$"
# shellcheck disable=SC2154
has "^bob/dogs +$OPEN +wait +20[0-9-]{8} [0-9:]{8} +open\$"
has_no ' $'
cp "$work/out" "$work/ls"
run 0 "$file" ls
cmp -s "$work/out" "$work/ls" || fail 'ls is not the default'

# Each column begins where its title does; a duration ends there.
"$python" - "$work/ls" <<'END' || fail 'the columns are not aligned'
import sys
title, *rows = open(sys.argv[1], encoding="utf-8").read().splitlines()
for name in "ID", "OP", "START", "OUTCOME", "NAME":
    at = title.index(" " + name)
    assert all(row[at - 1:at + 1] in ("", "  ") and row[at + 1:at + 2] != " " for row in rows), name
at = title.index("DURATION") + len("DURATION")
assert all(row[at - 1:at] in ("s", " ") for row in rows)
END

run 0 "$file" ls --json
lines 6
json 'set(rows[0]) == set("""entity project id trace_id parent_id op_name display_name started_at
	ended_at duration_ns outcome exception""".split()) and all(set(r) == set(rows[0]) for r in rows)'
json '[r["op_name"] for r in rows] == ["evaluate", "predict", "score", "predict", "bark", "wait"]'
json '[r["outcome"] for r in rows] == ["ok", "ok", "ok", "failed", "ok", "open"]'
json 'rows[0]["display_name"] ==
	"one\n\x1b[31mred\x1b[m\x07\x7f\x9b\u202e \u732b\U0001f408 e\u0301"'
json 'rows[3]["exception"] == "no such word: \x1b]0;title\x07\nsecond line"'
json 'rows[5]["ended_at"] is None and rows[5]["duration_ns"] is None'
json 'rows[0]["parent_id"] is None and rows[1]["parent_id"] == rows[0]["id"] == env["ROOT"]'
json 'all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", r["started_at"]) for r in rows)'
json 'abs(datetime.datetime.now(datetime.timezone.utc) - datetime.datetime.fromisoformat(
	rows[0]["started_at"][:26] + "+00:00")) < datetime.timedelta(hours=1)'
json 'all(int(r["ended_at"][20:29]) - int(r["started_at"][20:29]) - r["duration_ns"] in (0, -10**9)
	for r in rows if r["ended_at"])'

run 0 "$file" --project bob/dogs
lines 3
has '^ID +OP'
run 0 "$file" ls --json --op predict
json 'len(rows) == 2 and {r["op_name"] for r in rows} == {"predict"}'
# shellcheck disable=SC2154
run 0 "$file" ls --json --trace "$TRACE"
json '[r["op_name"] for r in rows] == ["evaluate", "predict", "score", "predict"]'
run 0 "$file" ls --json --parent "$ROOT"
json '[r["op_name"] for r in rows] == ["predict", "predict"]'
run 0 "$file" ls --json --roots
json '[r["op_name"] for r in rows] == ["evaluate", "bark", "wait"]'
run 0 "$file" ls --json --newest
json '[r["op_name"] for r in rows] == ["predict", "score", "predict", "evaluate", "wait", "bark"]'
run 0 "$file" ls --json --limit 3
json '[r["op_name"] for r in rows] == ["evaluate", "predict", "score"]'
run 0 "$file" ls --json --limit 2 --offset 3
json '[r["op_name"] for r in rows] == ["predict", "bark"]'
run 0 "$file" ls --json --offset 5
json '[r["op_name"] for r in rows] == ["wait"]'
run 0 "$file" ls --json --project ann/cats --limit 1 --offset 2
json '[r["op_name"] for r in rows] == ["score"]'
run 0 "$file" ls --json --limit 0
lines 6
run 1 "$file" ls --offset 6
lines 0
run 1 "$file" ls --op nothing
says 'no such calls'
run 1 "$file" ls --project ann/dogs
says 'no project ann/dogs'
run 1 "$file" ls --project an/cats

# ---- show --------------------------------------------------------------------------------

run 0 "$file" show "$ROOT"
has '^  "op_name": "evaluate",$'
has '^    "team": "ann"$'
has '^  "display_name": "one.n.u001b\[31mred.u001b\[m.u0007.u007f.u009b.u202e 猫'
"$python" -m json.tool "$work/out" >/dev/null || fail 'show is not JSON'
run 0 "$file" show "$ROOT" --json
lines 1
json 'rows[0]["attributes"] == {"team": "ann"} and rows[0]["inputs"] == {"n": 3}'
json 'rows[0]["output"] is None and rows[0]["summary"] == {"right": 1}'
json 'len(rows[0]) == 16 and rows[0]["trace_id"] == env["TRACE"]'
run 0 "$file" show "weave:///ann/cats/call/$WRONG" --json
json 'rows[0]["id"] == env["WRONG"] and rows[0]["inputs"] == {"word": "\u732b"}'
run 0 "$file" show "$OPEN" --json
json 'rows[0]["outcome"] == "open" and rows[0]["output"] is rows[0]["summary"] is None'
run 0 "$file" show "$OPEN" --project bob/dogs
run 1 "$file" show "$OPEN" --project ann/cats
says "no call $OPEN"
run 1 "$file" show "weave:///ann/cats/call/$OPEN"
run 1 "$file" show "weave:///ann/none/call/$OPEN"
run 1 "$file" show 00000000-0000-7000-8000-000000000000
run 1 "$file" show "$(printf '\033[31mred')"
says 'no call .x1b\[31mred'

# ---- tree --------------------------------------------------------------------------------

run 0 "$file" tree "$TRACE"
lines 5
has "^ann/cats +$ROOT .* ok +evaluate \"one"
has ' ok +├─ predict$'
# shellcheck disable=SC2154
has "^ann/cats +$INNERMOST .* ok +│  └─ score\$"
has 'failed +└─ predict: no such word: .x1b]0;title.x07…$'
cp "$work/out" "$work/tree"
run 0 "$file" tree "$INNERMOST"
cmp -s "$work/out" "$work/tree" || fail 'a call in the trace shows another tree'
run 0 "$file" tree "$TRACE" --json
json '[(r["op_name"], r["depth"]) for r in rows] ==
	[("evaluate", 0), ("predict", 1), ("score", 2), ("predict", 1)]'
run 0 "$file" tree "$OPEN" --project bob/dogs
has "^$OPEN .* open +wait\$"
run 0 "$file" tree "$OPEN"
has ' open +wait$'
run 1 "$file" tree "$TRACE" --project bob/dogs
says 'no trace or call'
run 1 "$file" tree nothing

# ---- objects -----------------------------------------------------------------------------

run 0 "$file" objects
lines 7
has '^PROJECT +NAME +VERSION +DIGEST +LATEST +SIZE +CREATED$'
has '^ann/cats +large +v0 +[A-Za-z0-9]{43} +latest +1048576 +20'
has '^ann/cats +model +v0 +[A-Za-z0-9]{43} +[0-9]+ +20'
run 0 "$file" objects --json
json '[(r["entity"], r["name"], r["version"], r["latest"]) for r in rows] == [
	("ann", "dataset", 0, True), ("ann", "large", 0, True), ("ann", "model", 0, False),
	("ann", "model", 1, True), ("ann", "odd", 0, True), ("bob", "model", 0, True)]'
json '[rows[i]["ref"] for i in (0, 1, 2, 3, 4, 5)] ==
	[env[n] for n in "DATASET LARGE MODEL0 MODEL1 ODD_VALUE DOG".split()]'
json 'all(r["ref"].endswith(":" + r["digest"]) for r in rows) and rows[1]["bytes"] == 1 << 20'
run 0 "$file" objects --json --name model
json '[r["version"] for r in rows] == [0, 1, 0]'
run 0 "$file" objects --json --latest --project ann/cats --name model
json '[r["version"] for r in rows] == [1]'
run 0 "$file" objects --json --limit 2 --offset 4
json '[(r["entity"], r["name"]) for r in rows] == [("ann", "odd"), ("bob", "model")]'
run 1 "$file" objects --name nothing
says 'no such objects'

# ---- cat ---------------------------------------------------------------------------------

# shellcheck disable=SC2154
run 0 "$file" cat "$MODEL0"
has '^  "score": 0.1$'
has '^  "n": 9007199254740993,$'
# shellcheck disable=SC2154
run 0 "$file" cat --json "$MODEL1"
[ "$(cat "$work/out")" = '{"language": "de", "list": [], "no": {}, "score": 1e+16}' ] ||
	fail 'cat --json is not the canonical text'
# shellcheck disable=SC2154
run 0 "$file" cat "$ODD_VALUE"
has '^  "text": "one.n.u001b\[31m.u007f.u009b.u202e 猫🐈 ..u001b"$'
run 0 "$file" cat --json "$ODD_VALUE"
json 'rows == [{"text": "one\n\x1b[31m\x7f\x9b\u202e \u732b\U0001f408 \\u001b"}]'
# shellcheck disable=SC2154
run 0 "$file" cat "$LARGE"
[ "$(wc -c <"$work/out")" -eq 1048577 ] || fail 'the large value is not whole'
# shellcheck disable=SC2154
run 0 "$file" cat --json "$DATASET/key/rows/index/0/key/q"
json 'rows == ["caf\u00e9"]'
# shellcheck disable=SC2154
run 0 "$file" cat --json "$TABLE"
json 'rows == [[{"q": "caf\u00e9"}, [1, 2.5], {"more": env["INNER"]}]]'
run 0 "$file" cat --json weave:///ann/cats/object/model:latest/key/language
json 'rows == ["de"]'
run 0 "$file" show --json "$WRONG"
cp "$work/out" "$work/show"
run 0 "$file" cat --json "weave:///ann/cats/call/$WRONG"
json '{name: value for name, value in json.load(open(os.path.join(os.path.dirname(sys.argv[1]),
	"show"))).items() if name in rows[0]} == rows[0] and len(rows[0]) == 12'
run 1 "$file" cat "$DATASET/key/rows/index/9"
says 'index'
run 1 "$file" cat weave:///ann/cats/object/nothing:latest
says 'nothing'
run 1 "$file" cat weave:///ann/none/object/model:latest
says 'no project ann/none'
run 1 "$file" cat model
says 'not a weave:/// URI'

# ---- export ------------------------------------------------------------------------------

run 0 "$file" export
json 'rows[0] == {"type": "export", "format": 1}'
json '[r["type"] for r in rows] == ["export", "project"] + ["object"] * 5 + ["call"] * 4 +
	["table"] + ["row"] * 3 + ["table", "row"] + ["project", "object"] + ["call"] * 2'
json '[(r["index"], r["value"]) for r in rows if r["type"] == "row"] == [(0, {"q": "caf\u00e9"}),
	(1, [1, 2.5]), (2, {"more": env["INNER"]}), (0, "inner")]'
json '[r["digest"] for r in rows if r["type"] == "table"] ==
	[env[n].rsplit("/", 1)[1] for n in ("TABLE", "INNER")]'
json '[r["value"] for r in rows if r["type"] == "object"][2:4] ==
	[{"language": "en", "score": 0.1, "n": 9007199254740993},
	 {"language": "de", "score": 1e16, "list": [], "no": {}}]'
json '[len(r) for r in rows if r["type"] == "call"] == [17] * 6'
json 'len([r for r in rows if r["type"] == "object"][1]["value"]) == (1 << 20) - 2'
cp "$work/out" "$work/export"
run 0 "$file" export --json
cmp -s "$work/out" "$work/export" || fail 'export --json is another'
run 0 "$file" export --project bob/dogs
lines 5
json '{r["entity"] for r in rows[1:]} == {"bob"}'

# ---- the command line --------------------------------------------------------------------

run 0 --help
has '^usage: bothy-trace FILE'
for word in ls show tree objects cat export --project --op --trace --parent --roots --newest \
	--name --latest --limit --offset --json --color; do
	has "^ +$word"
done
[ "$(awk '{ if (length($0) > most) most = length($0) } END { print most }' "$work/out")" -le 90 ] ||
	fail 'the help is too wide'
run 0 --version
has '^bothy-trace [0-9]+\.[0-9]+\.[0-9]+$'
run 2
says 'which FILE'
run 2 "$file" nothing
run 2 "$file" show
says 'which CALL'
run 2 "$file" ls more
run 2 "$file" show "$ROOT" more
run 2 "$file" ls --nothing
run 2 "$file" ls --limit
run 2 "$file" ls --limit x
run 2 "$file" ls --limit -1
run 2 "$file" ls --limit 99999999999999999999
run 2 "$file" ls --project ann
run 2 "$file" ls --project ann/cats/more
run 2 "$file" ls --color=sometimes
run 2 "$file" show "$ROOT" --op x
says 'show: takes no --op'
run 2 "$file" cat "$MODEL0" --project ann/cats
run 2 "$file" export --limit 1
run 2 "$(printf 'no\nfile')" "$(printf 'no\033command')"

# ---- colours -----------------------------------------------------------------------------

escapes() # STATUS COMMAND...: whether it prints escapes
{
	expected=$1
	shift
	checks=$((checks + 1))
	"$@" 2>/dev/null | LC_ALL=C grep -q "$(printf '\033')"
	status=$?
	[ "$status" -eq "$expected" ] || fail "$*: escapes are printed, or are not"
}

escapes 0 "$BOTHY_TRACE" "$file" --color=always
escapes 0 "$BOTHY_TRACE" "$file" --color
escapes 1 "$BOTHY_TRACE" "$file" --color=auto
escapes 1 "$BOTHY_TRACE" "$file" --color=never
escapes 1 "$BOTHY_TRACE" "$file" --color=always --json

# On a terminal of 60 columns: coloured, and no line is longer.
cat >"$work/terminal.py" <<'END'
import fcntl, os, pty, re, struct, sys, termios
pid, terminal = pty.fork()
if pid == 0:
    fcntl.ioctl(1, termios.TIOCSWINSZ, struct.pack("HHHH", 24, int(sys.argv[1]), 0, 0))
    os.execv(sys.argv[2], sys.argv[2:])
text = b""
while True:
    try:
        some = os.read(terminal, 65536)
    except OSError:
        break
    if not some:
        break
    text += some
os.waitpid(pid, 0)
sys.stdout.buffer.write(text.replace(b"\r\n", b"\n"))
END
terminal() # COLUMNS ARGUMENT...: the output, in out; without its colours, in plain
{
	checks=$((checks + 1))
	columns=$1
	shift
	"$python" "$work/terminal.py" "$columns" "$BOTHY_TRACE" "$@" >"$work/out"
	sed "s/$(printf '\033')\[[0-9;]*m//g" "$work/out" >"$work/plain"
}
fits() # COLUMNS
{
	"$python" - "$work/plain" "$1" <<'END' || fail "lines of other than $1 columns at most"
import sys, unicodedata
def width(c):
    if unicodedata.combining(c):
        return 0
    return 2 if unicodedata.east_asian_width(c) in "WF" else 1
lines = open(sys.argv[1], encoding="utf-8").read().splitlines()
widths = [sum(map(width, line)) for line in lines]
sys.exit(not lines or max(widths) > int(sys.argv[2]))
END
}

TERM=xterm
export TERM
for columns in 20 60 80 81 100 135 140 141; do
	for command in ls objects "tree $TRACE"; do
		# shellcheck disable=SC2086
		terminal "$columns" "$file" $command
		fits "$columns"
	done
done
terminal 160 "$file"
grep -q "$(printf '\033')\[32mok" "$work/out" || fail 'no colours on a terminal'
grep -q '31mred.x1b\[m.x07.x7f.u009b.u202e 猫' "$work/plain" ||
	fail 'the name is cut for no reason'
terminal 160 "$file" tree "$TRACE"
grep -q '31mred.x1b\[m.x07.x7f.u009b.u202e 猫' "$work/plain" ||
	fail 'the call is cut for no reason'
terminal 60 "$file"
grep -q 'START' "$work/plain" && fail 'START is not left out where it has no room'
terminal 80 "$file" --project ann/cats
grep -q " $WRONG\|^$WRONG" "$work/plain" || fail 'ids are cut'
grep -q 'failed$' "$work/plain" || fail 'outcomes are cut'
NO_COLOR=1 terminal 80 "$file"
grep -q "$(printf '\033')" "$work/out" && fail 'colours with NO_COLOR'
TERM=dumb terminal 80 "$file"
grep -q "$(printf '\033')" "$work/out" && fail 'colours on a dumb terminal'
unset TERM

# ---- output that ends --------------------------------------------------------------------

"$RECORD_TRACES" "$work/many.db" 20000 >"$work/names" || exit 1
run 0 "$work/many.db" export
json 'sum(r["type"] == "call" for r in rows) == 20000'
json 'len({r["digest"] for r in rows if r["type"] == "table"}) == 626'
json 'sorted(r["value"] for r in rows if r["type"] == "row" and isinstance(r["value"], int)) ==
	list(range(625))'
for command in ls 'ls --json' export; do
	checks=$((checks + 1))
	# shellcheck disable=SC2086
	{ timeout 60 "$BOTHY_TRACE" "$work/many.db" $command 2>"$work/err"
	  echo $? >"$work/status"; } | head -2 >"$work/out"
	[ "$(cat "$work/status")" -eq 0 ] || fail "$command | head: status $(cat "$work/status")"
	[ ! -s "$work/err" ] || fail "$command | head: says something"
	lines 2
done
run 0 "$work/many.db"
lines 20001
run 0 "$work/many.db" ls --json --newest --limit 5 --offset 19990
lines 5
if [ -w /dev/full ]; then
	checks=$((checks + 1))
	"$BOTHY_TRACE" "$file" >/dev/full 2>"$work/err"
	[ $? -eq 1 ] || fail 'a full disk is no error'
	says 'No space left'
fi

# ---- bad files ---------------------------------------------------------------------------

run 1 "$work/missing.db"
says 'missing.db'
[ ! -e "$work/missing.db" ] || fail 'a missing file was made'
run 1 "$work"
run 1 ''
echo 'This is no database, but a text of more than a hundred bytes, which is what the
header of a SQLite file has.  So it can be read, and is something else.' >"$work/text"
run 1 "$work/text"
says 'text'
: >"$work/empty"
run 1 "$work/empty"
[ ! -s "$work/empty" ] || fail 'an empty file was written'

# A file of another program, one of a later release, and damaged ones.
# shellcheck disable=SC2154
"$python" - "$work" "$file" "${INNER##*/}" <<'END' || exit 1
import sqlite3, sys
work, file, inner = sys.argv[1:]
other = sqlite3.connect(work + "/foreign.db")
other.execute("CREATE TABLE x (y)")
other.commit()
source = sqlite3.connect(file)
for name, change in (
        ("newer", "PRAGMA user_version = 99"),
        ("unread", "UPDATE call SET inputs = '{' || char(27) WHERE op = 'evaluate'"),
        ("ring", "UPDATE call SET parent = id WHERE op = 'evaluate'"),
        ("bytes", "UPDATE call SET op = CAST(x'FF1B' AS TEXT) WHERE op = 'score'"),
        ("dangling", f"DELETE FROM table_head WHERE digest = '{inner}'"),
        ("twice", """CREATE TEMP TABLE t AS SELECT * FROM call WHERE op = 'evaluate';
            UPDATE t SET project = (SELECT id FROM project WHERE entity = 'bob');
            INSERT INTO call SELECT * FROM t"""),
        ("times", """UPDATE call SET started = -1, ended = started;
            UPDATE call SET ended = 59990000000 WHERE op = 'evaluate';
            UPDATE call SET ended = 123000000000 WHERE op = 'score';
            UPDATE call SET ended = 18420000000000 WHERE op = 'bark';
            UPDATE call SET ended = -1501 WHERE op = 'wait'"""),
        ("late", """UPDATE call SET started = 0, ended = 9223372036854775807;
            UPDATE call SET started = -2 WHERE op = 'bark';
            UPDATE call SET op = NULL, started = NULL WHERE op = 'score'""")):
    copy = sqlite3.connect(f"{work}/{name}.db")
    source.backup(copy)
    copy.executescript(change + "; COMMIT" * copy.in_transaction)
    copy.close()
whole = open(work + "/unread.db", "rb").read()
open(work + "/cut.db", "wb").write(whole[:len(whole) // 3])
open(work + "/corrupt.db", "wb").write(whole[:4096] + b"\xa5" * (len(whole) - 4096))
END
for name in foreign newer corrupt; do
	for command in ls objects "show $ROOT" "tree $TRACE" "cat $MODEL0" export; do
		# shellcheck disable=SC2086
		run 1 "$work/$name.db" $command
		says "$name.db"
	done
done
run 1 "$work/cut.db" export
says 'cut.db'
run 1 "$work/unread.db" show "$ROOT"
says 'inputs is not JSON'
has '"inputs": null'
run 0 "$work/unread.db" ls
run 1 "$work/unread.db" export
json 'len(rows) == 21'
run 0 "$work/ring.db" tree "$TRACE" --json
json 'sorted(r["depth"] for r in rows) == [0, 1, 1, 2]'
run 0 "$work/bytes.db"
has ' .xff.x1b '
run 0 "$work/bytes.db" ls --json
json 'rows[2]["op_name"] == "\ufffd\x1b"'
run 0 "$work/dangling.db" export
json '[r["digest"] for r in rows if r["type"] == "table"] == [env["TABLE"].rsplit("/", 1)[1]]'

# An id that two projects have.
run 0 "$work/twice.db" show "$ROOT" --json
json '[r["entity"] for r in rows] == ["ann", "bob"] and {r["id"] for r in rows} == {env["ROOT"]}'
run 0 "$work/twice.db" show "weave:///ann/cats/call/$ROOT" --json
json '[r["entity"] for r in rows] == ["ann"]'
run 0 "$work/twice.db" show "$ROOT" --project bob/dogs --json
json '[r["entity"] for r in rows] == ["bob"]'
run 0 "$work/twice.db" tree "$TRACE"
has "^bob/dogs +$ROOT"
lines 7

run 0 "$work/times.db"
has 'evaluate +1969-12-31 23:59:59 +60.0s +ok'
has 'score +1969-12-31 23:59:59 +2m03s +ok'
has 'bark +1969-12-31 23:59:59 +5h07m +ok'
has 'wait +1969-12-31 23:59:59 +-1.50µs +ok'
run 0 "$work/times.db" ls --json
json '{r["started_at"] for r in rows} == {"1969-12-31T23:59:59.999999999Z"}'
json '[r["duration_ns"] for r in rows if r["op_name"] == "wait"] == [-1500]'
run 0 "$work/late.db" ls --json
json '{r["ended_at"] for r in rows} == {"2262-04-11T23:47:16.854775807Z"}'
json '[r["duration_ns"] for r in rows] ==
	[2**63 - 1, 2**63 - 1, None, 2**63 - 1, None, 2**63 - 1]'
json 'rows[2]["op_name"] is rows[2]["started_at"] is None'
run 0 "$work/late.db" tree "$TRACE"
has ' +106751d23h  ok +├─ predict$'
has ' ok +│  └─ [?]$'

# Texts that are JSON or nearly: what Python refuses, bothy-trace calls unread and prints as null.
cat >"$work/forms.py" <<'END'
import json, sqlite3, sys
forms = """0|-0|1|-1|10|01|-|-a|+1|.5|1.|1.5|-1.25|1.e1|1e1|1E1|1e+1|1e-1|1e|1e+|1.5e10|1_0|0x1|1a
null|nul|nulll|true|truth|false|falsy|Null|NaN|Infinity|-Infinity|"|""|"a|"a"|'a'|a|"a" "b"|"a"b
"\\"|"\\""|"\\\\"|"\\/"|"\\b\\f\\n\\r\\t"|"\\q"|"\\u"|"\\u1"|"\\u12"|"\\u123"|"\\u1234"|"\\u12g4"|"\\u00e9"
"\\ud83d\\udc08"|"\\ue000"|"\\uD7FF"|""|"	"|""|"\u00e9"|"\u732b\U0001f408"|"\u009b\u202e"
[]|[|]|[1]|[1,]|[,1]|[1,2]|[1 2]|[1,2|[[]]|[[],{}]|[[]|[}|[1}| [ 1 , 2 ] |[1]x|[]]
{}|{|}|{"a":1}|{"a"}|{"a":}|{"a":1,}|{,"a":1}|{"a":1,"b":2}|{"a":1 "b":2}|{"a" 1}|{a:1}|{1:1}|{"a":{}}
{"a":[{}]}|{"a":{"b":{"c":[[[1]]]}}}|{]|{"a":1]| { "a" : 1 } |{"a":1}{}|{"a":null,"b":true}|{null:1}
|  |	1|1	|{"a":"\\u0000"}|["a","b"]|[true,false,null]|["\\ud83d\\udc08"]|[1e5,-0.0]""".split("|")
forms = [form for line in forms for form in line.split("\n")]

def refuse(constant):
    raise ValueError(constant)

def read(text):
    try:
        return json.loads(text, parse_constant=refuse)
    except ValueError:
        return None

if __name__ == "__main__":
    source, copy = (sqlite3.connect(name) for name in sys.argv[1:])
    source.backup(copy)
    copy.execute("DELETE FROM call")
    for i, form in enumerate(forms):
        copy.execute("INSERT INTO call (project, id, op, started, inputs) VALUES (1, ?, ?, ?, ?)",
                     (i.to_bytes(16, "big"), f"{i}", i, form))
    copy.commit()
END
"$python" "$work/forms.py" "$file" "$work/forms.db" || exit 1
export PYTHONPATH="$work" PYTHONDONTWRITEBYTECODE=1
run 1 "$work/forms.db" export --project ann/cats
says 'inputs is not JSON'
json 'len(__import__("forms").forms) > 110'
json '[r["inputs"] for r in rows if r["type"] == "call"] ==
	list(map(__import__("forms").read, __import__("forms").forms))'
run 1 "$work/forms.db" tree 00000000-0000-0000-0000-000000000000
run 0 "$work/forms.db" show 00000000-0000-0000-0000-000000000000

[ "$checks" -gt 100 ] || fail 'too few checks'
echo "$checks checks"
exit "$failed"
