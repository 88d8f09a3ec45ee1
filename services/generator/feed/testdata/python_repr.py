"""Writes python_repr.tsv: what repr writes of a dict, a tab, and its JSON.

The random part is seeded, so the file comes out the same. JSON cannot say inf
and nan: the table has 1e999 and null for them, which is what Python() answers.
"""
import json
import math
import random
import struct

random.seed(7)


def expect(d):
    text = json.dumps(d, ensure_ascii=False, separators=(",", ":"))
    return text.replace("-Infinity", "-1e999").replace("Infinity", "1e999").replace("NaN", "null")


def char():
    return random.choice([
        chr(random.randrange(0x20)), chr(random.randrange(0x20, 0x7F)), "'", '"', "\\",
        chr(random.randrange(0x7F, 0x250)), chr(random.randrange(0x2000, 0x2070)),
        chr(random.randrange(0xD800, 0xE000)), chr(random.randrange(0x10000, 0x110000)),
    ])


def string():
    return "".join(char() for _ in range(random.randrange(6)))


def number():
    return random.choice([
        random.randrange(-10**30, 10**30), random.randrange(-9, 10), round(random.uniform(0, 100), 3),
        struct.unpack("<d", random.randbytes(8))[0], float(random.randrange(10**18)), 10.0 ** random.randrange(-12, 25),
    ])


def value(depth):
    kind = random.randrange(8 if depth < 4 else 5)
    if kind < 2:
        return number()
    if kind < 4:
        return string()
    if kind == 4:
        return random.choice([True, False, None])
    if kind == 5:
        return [value(depth + 1) for _ in range(random.randrange(4))]
    if kind == 6:
        return tuple(value(depth + 1) for _ in range(random.randrange(4)))
    return dictionary(depth + 1)


def key():
    return random.choice([string(), string(), string(), random.randrange(-9, 99), 2.5, 1e-07, True, None])


def dictionary(depth):
    return {key(): value(depth) for _ in range(random.randrange(5))}


rows = [
    {"timestamp": 1764000000, "value": 53.2, "category": "B"},
    {"timestamp": 1764000000.25, "value": 1e-07, "category": "it's"},
    {"value": math.inf}, {"value": -math.inf}, {"value": math.nan}, {"value": -0.0}, {"value": 1e16},
    {"value": True, "a": False, "b": None, "c": ""},
    {"category": "Zürich"}, {"category": "\x7f\xa0\u200b\ufeff"}, {"category": "both ' and \""},
    {"category": "\x00\x01\x1f\b\f\n\r\t\v\\"}, {"category": "\U0001f600\U000e0001"}, {"category": "\ud83d"},
    {"t": (), "u": (1,), "v": (1, (2, [3, {}]), {"x": ("y",)})},
    {1: 2, 2.5: 1, None: 0, True: 3},
]
rows += [dictionary(0) for _ in range(400)]

with open("python_repr.tsv", "w", encoding="utf-8", errors="backslashreplace", newline="\n") as out:
    for row in rows:
        out.write(repr(row) + "\t" + expect(row) + "\n")
