"""Compare Bothy's canonical texts and digests with those of Python's own json and hashlib.

    digests.py PROGRAM [SEED]

PROGRAM is built from digests.c.  Values are made in some order of keys and with some spaces;
what is not JSON must be refused.
"""

import base64
import hashlib
import json
import random
import struct
import subprocess
import sys

VALUES = 100000
EINVAL, EMSGSIZE = "-22", "-90"
VALUE_MAX = 1 << 20


def digest(data):
    text = base64.urlsafe_b64encode(hashlib.sha256(data).digest()).decode()
    return text.rstrip("=").replace("-", "X").replace("_", "Y")


def table_digest(rows):
    return hashlib.sha256("".join(rows).encode()).hexdigest()


def real_of_bits(bits):
    return struct.unpack("<d", struct.pack("<Q", bits))[0]


def is_finite(value):
    return value == value and abs(value) != float("inf")


# ---- reals and integers -------------------------------------------------------------------


def neighbours(value):
    bits = struct.unpack("<Q", struct.pack("<d", value))[0]
    return [real_of_bits(b) for b in (bits - 1, bits, bits + 1) if 0 <= b < 2**64]


def edge_reals():
    reals = [0.0, -0.0, 0.1, 1 / 3, 2 / 3, 1e16, 1e15, 9999999999999998.0, 1e-4, 1e-5, 9.999e-5]
    reals += [123456789012345.6, 5e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 1e23]
    for power in range(-1074, 1024):
        reals += neighbours(2.0**power)
    for power in range(-323, 309):
        reals += neighbours(float(f"1e{power}"))
        reals.append(float(f"{power % 9 + 1}.5e{power}"))
    reals += [real_of_bits(bits) for bits in range(200)]
    reals += [sign * real for real in reals if is_finite(real) for sign in (1, -1)]
    return [real for real in reals if is_finite(real)]


def edge_integers():
    around = [0, 2**31, 2**32, 2**53, 2**63, -(2**63)] + [10**k for k in range(19)]
    integers = {sign * value + off for value in around for off in (-1, 0, 1) for sign in (1, -1)}
    return sorted(integer for integer in integers if -(2**63) <= integer < 2**63)


def random_real(dice):
    kind = dice.randrange(4)
    if kind == 0:
        return round(dice.uniform(-1000, 1000), dice.randrange(6))
    if kind == 1:
        return dice.random()
    if kind == 2:
        return float(dice.randrange(-(10**17), 10**17))
    while True:
        value = real_of_bits(dice.getrandbits(64))
        if is_finite(value):
            return value


def random_integer(dice):
    return dice.randrange(-(2**63), 2**63) >> dice.randrange(64)


# ---- strings and values ---------------------------------------------------------------------

ODD = "\0\x01\b\t\n\f\r\x1f !\"/\\~\x7f\x80\xff\u0100\u07ff\u0800\u2028\ud7ff\ue000\ufeff\uffff"
ODD += "\U00010000\U0001f600\U0010ffff"


def random_string(dice, key=False):
    letters = ODD if dice.random() < 0.4 else "abcdefgh_ "
    text = "".join(dice.choice(letters) for _ in range(dice.choice((0, 1, 2, 5, 20))))
    if dice.random() < 0.05:
        point = dice.randrange(0x110000 - 0x800)
        text += chr(point if point < 0xD800 else point + 0x800)
    return text.replace("\0", "") if key else text


def random_value(dice, depth=0):
    kind = dice.randrange(10 if depth < 5 else 8)
    if kind == 0:
        return dice.choice((None, True, False))
    if kind < 3:
        return random_integer(dice)
    if kind < 5:
        return random_real(dice)
    if kind < 8:
        return random_string(dice)
    n = dice.choice((0, 1, 2, 3, 5))
    if kind == 8:
        return [random_value(dice, depth + 1) for _ in range(n)]
    return {random_string(dice, True): random_value(dice, depth + 1) for _ in range(n)}


def nested(depth, dice):
    value = random_real(dice)
    for _ in range(depth - 1):
        value = [value] if dice.random() < 0.5 else {random_string(dice, True): value}
    return value


def odd_values(dice):
    yield from edge_reals()
    yield from edge_integers()
    yield from ([], {}, [[]], [{}], {"": {}}, "", " ", None, True, False, [[], {}, ""])
    yield {"\ue000": 1, "\U00010000": 2, "\uffff": 3, "\ud7ff": 4, "z": 5, "": 6, "\x7f": 7}
    for point in list(range(0x300)) + [0xFFFF, 0x10000, 0x10FFFF]:
        yield chr(point)
    for depth in (2, 100, 1000, 2046, 2047, 2048):
        yield nested(depth, dice)
    yield {str(i): i for i in range(20000)}
    yield list(range(100000))
    yield "x" * (VALUE_MAX - 2)
    yield {random_string(dice, True) + str(i): random_value(dice, 4) for i in range(5000)}


def write_loosely(value, dice):
    """The text of VALUE in one of the ways in which others may write it."""
    how = dice.randrange(3)
    if how == 0:
        return json.dumps(value)
    if how == 1:
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    text = json.dumps(value, ensure_ascii=False, indent=1) + "\t "
    return text if how == 2 and len(text) < VALUE_MAX // 2 else json.dumps(value)


def odd_texts():
    """Texts that Python would not write: many digits, half way between two doubles, just beside it."""
    yield from ("-0", "0e0", "-0E-0", "1E5", "1e+05", "1.0000", "1e-400", "-1e-9999999999")
    yield from ("9007199254740993.0", "9007199254740992.99999999999999999999", "0.1e1")
    yield "1" + "0" * 308 + ".0"
    yield "0." + "0" * 400 + "1e401"
    yield "2.4703282292062327208e-324"
    yield "179769313486231580793e288"
    yield '"\\u00E9\\uD83D\\uDE00\\/\\b\\f\\n\\r\\t\\"\\\\\\u0000"'
    for value in (1, 2**53, 2**60 + 2**8, 2**100):
        step = max(value >> 53, 1)
        yield f"{value + step // 2}.0"
        yield f"{value + step // 2}.{'0' * 50}1"


NOT_JSON = """ |nul|tru|True|+1|01|-|-01|1.|.5|1e|1e+|0x1|NaN|Infinity|-Infinity|[|]|{|}|[1,]|[,1]|[1 2]
{"a"}|{"a":}|{"a":1,}|{a:1}|{"a" 1}|{,}|"|"\\|"\\x"|"\\u12"|"\\u12g4"|"\\ud800"|"\\udc00"|"\\ud800\\ud800"
"\\ud800x"|"a\tb"|1 2|[]]|{"a":1,"a":2}|{"a":1,"\\u0061":2}|{"a\\u0000":1}|9223372036854775808
-9223372036854775809|123456789012345678901234567890|1e309|-1e309|179769313486231580794e288|1e999999999999|'a'|/**/1|[1]//|"\\'"""

NOT_TEXT = [b'"\xff"', b'"\xc0\x80"', b'"\xed\xa0\x80"', b'"\xf4\x90\x80\x80"', b'"\xe2\x82"', b"\xef\xbb\xbf1"]
NOT_TEXT += [b'"\xf8\x88\x80\x80\x80"', b"1\0", b"\0", b'"\0"', b'"\x80"', b'"\xe0\x9f\xbf"', b'"\xf0\x8f\xbf\xbf"']


def refused():
    for text in NOT_JSON.replace("\n", "|").split("|"):
        yield text.encode(), EINVAL
    for data in NOT_TEXT:
        yield data, EINVAL
    yield b"[" * 2048 + b"1" + b"]" * 2048, EINVAL
    yield b"[" * 1000000, EINVAL
    yield b'{"a":' * 200000, EINVAL
    yield b'"' + b"x" * (VALUE_MAX - 1) + b'"', EMSGSIZE
    yield '"{}"'.format("é" * (VALUE_MAX // 4)).encode(), EMSGSIZE


# ---- the comparison -------------------------------------------------------------------------


class Comparison:
    """Records for the program, and what must be its answers."""

    def __init__(self):
        self.records = []
        self.expected = []

    def ask(self, kind, data, first, text=b""):
        self.records.append(b"%s %d\n%s" % (kind.encode(), len(data), data))
        if first is not None:
            self.expected.append((data, b"%s %d\n%s" % (first.encode(), len(text), text)))

    def value(self, data):
        text = json.dumps(json.loads(data), sort_keys=True).encode()
        self.ask("v", data, digest(text), text)
        return digest(text)

    def table(self, rows):
        for row in rows:
            self.ask("r", row.encode(), None)
        self.ask("t", b"", table_digest(rows))

    def run(self, program):
        """The number of wrong answers."""
        done = subprocess.run([program], input=b"".join(self.records), stdout=subprocess.PIPE)
        if done.returncode != 0:
            print(f"{program} ended with {done.returncode}")
            return 1
        wrong, at = 0, 0
        for data, answer in self.expected:
            end = done.stdout.index(b"\n", at) + 1
            end += int(done.stdout[at:end].split()[1])
            if done.stdout[at:end] != answer:
                wrong += 1
                if wrong <= 10:
                    print(f"{data[:200]}\n   is {done.stdout[at:end][:300]}\n   not {answer[:300]}")
            at = end
        return wrong


def main():
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else random.randrange(1 << 32)
    print(f"seed {seed}", flush=True)
    dice = random.Random(seed)
    sys.setrecursionlimit(10000)
    comparison = Comparison()
    rows, values = [], 0
    for value in odd_values(dice):
        rows.append(comparison.value(write_loosely(value, dice).encode()))
        values += 1
    for text in odd_texts():
        rows.append(comparison.value(text.encode()))
        values += 1
    for data, error in refused():
        comparison.ask("v", data, error)
    while values < VALUES:
        rows.append(comparison.value(write_loosely(random_value(dice), dice).encode()))
        values += 1
        if len(rows) > dice.randrange(64) * 20:
            comparison.table(rows[: dice.randrange(64)])
            rows = []
        if values % 50 == 0:
            data = dice.randbytes(dice.choice((0, 1, 55, 56, 64, 1000)))
            comparison.ask("f", data, digest(data))
    comparison.table([])
    wrong = comparison.run(sys.argv[1])
    print(f"{values} values, {len(comparison.expected)} answers, {wrong} wrong")
    return wrong != 0


sys.exit(main())
