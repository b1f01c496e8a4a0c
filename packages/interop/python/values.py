"""Values and errors that both sides know by name; the other half is in src/values.ts and src/failures.ts."""

import datetime
import decimal
import sys
import traceback
import uuid

import shop

UTC = datetime.timezone.utc

# What Python stores, and reads again when the other side has stored its own form of it.
BOTH = {
    "null": None,
    "true": True,
    "false": False,
    "zero": 0,
    "negative": -17,
    "largest safe integer": 2**53 - 1,
    "integer beyond 2^53": 2**70,
    "negative integer beyond 2^53": -(2**70),
    "fraction": 0.1,
    "tiny": 1e-07,
    "huge": 1e22,
    "negative zero": -0.0,
    "NaN": float("nan"),
    "infinity": float("inf"),
    "negative infinity": float("-inf"),
    "empty text": "",
    "text": "héllo ☃ 😀",
    "control characters": 'a\x00"\\/\x1f\x7f\u2028\n\t',
    "long text": "é" * 100_000,
    "empty list": [],
    "empty object": {},
    "nested": {"list": [1, [2, [3, {}]], {"a": {"b": None}}], "text": "x"},
    "keys that look like numbers": {"10": "a", "2": "b", "x": "c"},
    "names of JavaScript": {"constructor": 1, "toString": 2, "__proto__": {"a": 1}},
    "an object with a type but no value": {"__type__": "datetime", "x": 1},
    "aware datetime": datetime.datetime(2020, 1, 2, 3, 4, 5, 6000, tzinfo=UTC),
    "whole second": datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
    "date": datetime.date(2020, 2, 29),
    "time": datetime.time(3, 4, 5, 7),
    "decimal": decimal.Decimal("1.10"),
    "uuid": uuid.UUID("00000000-0000-0000-0000-000000000005"),
    "bytes that are text": b"abc \xc3\xa9",
    "bytes": b"\xff\x00\x80",
    "typed values inside": {"when": [datetime.date(2020, 1, 1)], "price": {"net": decimal.Decimal("9.99")}},
    "ten thousand numbers": list(range(10_000)),
}

# What has no form of its own on the other side.
STORED = {
    **BOTH,
    "whole float": 1.0,
    "tuple": (1, (2, 3)),
    "keys that are no text": {2: "a", None: "b", True: "c", 1.5: "d"},
    "naive datetime": datetime.datetime(2020, 1, 2, 3, 4, 5),
    "datetime of another zone": datetime.datetime(
        2020, 1, 2, 3, 4, 5, 123456, tzinfo=datetime.timezone(datetime.timedelta(hours=-5))
    ),
    "in both formats": {"list": [1, -2, 2**40, 1.5], "text": "é☃", "nothing": None, "yes": True, "no": False},
    "bytes in a list": [b"abc", b"\xff\x00"],
    "words that YAML takes for others": ["yes", "no", "on", "null", "~", "=", "<<", "1e3", "0x1F", "1:30", "2020-01-01", ""],
    "a datetime of YAML": {"when": datetime.datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC), "day": datetime.date(2020, 2, 29)},
}

READ = {
    **STORED,
    "whole float": 1.0,
    "map": {"1": "a", "x": [1, 2]},
    "undefined": None,
    "object with undefined": {"a": 1},
    "floats of YAML": [1e22, 1e-07, 1.5, 100000.0, float("inf")],
}

ERRORS = {
    "ValueError": lambda: ValueError("boom", 1),
    "no arguments": lambda: KeyError(),
    "OSError": lambda: OSError(2, "no"),
    "application": lambda: shop.PaymentError("declined", 5),
    "nested class": lambda: shop.Outer.InnerError({"a": 1}, object, b"\xff", datetime.datetime(2020, 1, 1)),
    "keyword arguments": lambda: shop.KeywordError(1, code=7),
    "subclass with keyword arguments": lambda: shop.KeywordPaymentError("declined", 5, reason="card"),
    "caused": lambda: caused(),
    "long": lambda: RuntimeError("x" * 50_000),
    "unicode": lambda: RuntimeError("héllo ☃ 😀"),
    "unencodable": lambda: RuntimeError({1, 2}, object()),
}


def caused():
    error = shop.PaymentError("declined", 5)
    error.__cause__ = ConnectionError("bank is away")
    return error


def raised(make):
    """An error that was really raised, and the text of its traceback."""
    try:
        raise make()
    except Exception as error:
        return error, "".join(traceback.format_exception(*sys.exc_info()))
