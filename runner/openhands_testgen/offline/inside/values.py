"""Sources of values of a kind: common ones, words of the module, and what its functions return."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from .kinds import Kind
from .parameters import choose_kinds

if TYPE_CHECKING:
    from random import Random

    from .dictionary import Words

MAX_DEPTH = 3
MAX_POOLED = 24
TEXTS = [
    "a",
    "abc",
    "hello",
    "Hello_World",
    "fooBar",
    "1",
    "12",
    "3.5",
    "-7",
    "x,y,z",
    "a-b-c",
    "A",
    "b1",
    "foo.bar",
    "key=value",
    "2024-03-15",
    "12:30",
    "test@example.com",
    "path/to/file.txt",
    "<b>bold</b>",
    "100%",
    "a1b2",
    "ABC",
    "XMLParser",
    "café",
    "naïve",
    "日本",
    "ß",
    "אבג",
    "مرحبا",
    "٣٤",
    "Привет",
    "ﬁ",
    "",
    " ",
    "Hello World",
    "  padded  ",
    "two\nlines",
    "it's",
    "e\u0301",
    "The quick brown fox",
]
NUMBERS = (
    0,
    1,
    2,
    3,
    5,
    7,
    10,
    12,
    42,
    100,
    101,
    255,
    1000,
    1024,
    12345,
    1_000_000,
    -1,
    -2,
    -5,
    -100,
)
FLOATS = (0.0, 0.5, 1.0, 1.5, 2.25, 3.14, 10.0, 99.9, 1234.5678, 1e6, 1e-3, -1.5, -0.25)
SCALARS: dict[str, tuple[str, ...]] = {
    "none": ("None",),
    "bool": ("True", "False"),
    "complex": ("complex(1, 2)", "complex(0, -1.5)"),
    "bytes": ("b''", "b'abc'", "b'hello world'", "b'\\x00\\xff'", "b'12'"),
    "bytearray": ("bytearray(b'abc')",),
    "range": ("range(3)", "range(2, 8)", "range(0)", "range(10, 0, -3)", "range(100)"),
    "slice": ("slice(1, 3)", "slice(None)", "slice(None, None, 2)", "slice(-2, None)"),
    "char": ("'a'", "'Z'", "'0'", "' '", "'é'", "'\\n'"),
    "date": (
        "datetime.date(2024, 2, 29)",
        "datetime.date(2023, 12, 31)",
        "datetime.date(1999, 1, 1)",
    ),
    "datetime": (
        "datetime.datetime(2024, 2, 29, 12, 30, 45)",
        "datetime.datetime(2023, 12, 31, 23, 59, 59, 999999)",
        "datetime.datetime(2000, 1, 1, tzinfo=datetime.timezone.utc)",
        "datetime.datetime(2021, 6, 15, tzinfo=datetime.timezone(datetime.timedelta(hours=2)))",
    ),
    "time": ("datetime.time(12, 30)", "datetime.time(0, 0)", "datetime.time(23, 59, 59, 500)"),
    "timedelta": (
        "datetime.timedelta(days=1)",
        "datetime.timedelta(seconds=90)",
        "datetime.timedelta(hours=5, minutes=30)",
        "datetime.timedelta(0)",
        "datetime.timedelta(days=-3, seconds=7)",
        "datetime.timedelta(days=400)",
        "datetime.timedelta(microseconds=1500)",
    ),
    "timezone": ("datetime.timezone.utc", "datetime.timezone(datetime.timedelta(hours=-5))"),
    "decimal": ("Decimal('1.5')", "Decimal('0')", "Decimal('-12.345')", "Decimal('1E+3')"),
    "fraction": ("Fraction(1, 3)", "Fraction(-7, 2)", "Fraction(4, 1)"),
    "uuid": ("UUID('12345678-1234-5678-1234-567812345678')",),
    "path": ("PurePosixPath('a/b.txt')", "PurePosixPath('/x')", "'a/b.txt'"),
    "pattern": ("re.compile('a+')", "re.compile('[0-9]+')", "re.compile('(?P<name>\\\\w+)')"),
    "textio": ("io.StringIO('a,b\\nc,d\\n')", "io.StringIO('')", "io.StringIO('one line')"),
    "bytesio": ("io.BytesIO(b'abc')", "io.BytesIO(b'')"),
    "type": ("int", "str", "list", "dict", "float", "ValueError", "object"),
    "error": ("ValueError('wrong')", "KeyError('key')", "ValueError", "Exception"),
    "callable": (
        "lambda value: value",
        "lambda *values: values",
        "str",
        "len",
        "int",
        "bool",
        "abs",
        "lambda value: value > 2",
        "lambda value: value % 2",
        "str.upper",
        "operator.add",
        "operator.mul",
        "lambda: 1",
        "lambda value: [value, value]",
        "sum",
        "max",
        "tuple",
        "operator.itemgetter(0)",
        "lambda *args, **kwargs: (args, kwargs)",
        "lambda value: None",
        "isinstance",
        "lambda first, second: first + second",
    ),
}
UNKNOWN = [
    "str",
    "int",
    "list",
    "str",
    "dict",
    "list",
    "bool",
    "float",
    "tuple",
    "none",
    "callable",
    "int",
    "bytes",
    "set",
    "iterator",
    "date",
    "datetime",
    "type",
    "timedelta",
    "pattern",
    "textio",
    "error",
    "decimal",
]
_ELEMENTS = ("int", "int", "str", "str", "tuple", "float", "none")


class Place(NamedTuple):
    """Where a value is wanted: words of the function that takes it, most telling first."""

    words: Words
    whole: Words
    samples: tuple[str, ...] = ()
    matches: tuple[str, ...] = ()


class Values:
    """Makes sources of values; what functions return is added to ``pools`` by its classes."""

    def __init__(self, random: Random) -> None:
        """Start with empty pools."""
        self.pools: dict[str, list[str]] = {}
        self._random = random

    def add(self, types: list[str], text: str) -> bool:
        """Remember an expression whose value has these classes; whether it was wanted."""
        is_wanted = False
        for name in types:
            pool = self.pools.setdefault(name, [])
            if text not in pool and len(pool) < MAX_POOLED:
                pool.append(text)
                is_wanted = True
        return is_wanted

    def make(self, kinds: tuple[Kind, ...], place: Place, depth: int = 0) -> str:
        """Return the source of a value of one of the kinds."""
        return self.make_one(self.choose_kind(kinds), place, depth)

    def choose_kind(self, kinds: tuple[Kind, ...]) -> Kind:
        """Choose one of the kinds, the first ones more often."""
        if not kinds:
            return Kind("any")
        weights = [1.0 / (1 + 0.4 * position) for position in range(len(kinds))]
        return self._random.choices(kinds, weights)[0]

    def make_one(self, kind: Kind, place: Place, depth: int = 0) -> str:
        """Return the source of a value of one kind."""
        name = kind.name
        if name == "union":
            return self.make(kind.args, place, depth)
        if name == "literal":
            return kind.detail
        if name == "object":
            return self._make_object(kind, place, depth)
        if name == "attributes":
            return self._make_namespace(kind, place, depth)
        if name == "match" and place.matches:
            return self._random.choice(place.matches)
        if name in {"any", "hashable", "match", "named"}:
            return self._make_unknown(place, depth, is_hashable=name == "hashable")
        if name == "number":
            return self.make_one(Kind(self._random.choice(("int", "int", "float"))), place, depth)
        if name in {"list", "tuple", "set", "frozenset", "iterable", "iterator"}:
            return self._make_sequence(kind, place, depth)
        if name == "dict":
            return self._make_dict(kind, place, depth)
        return self._make_scalar(name, place)

    def _make_scalar(self, name: str, place: Place) -> str:
        if name == "str":
            return repr(self._choose_text(place))
        if name == "int":
            return repr(self._choose_number(place))
        if name == "float":
            floats = [*FLOATS, *place.words.floats * 3, *place.whole.floats]
            return repr(self._random.choice(floats))
        options = list(SCALARS.get(name, ())) or ["None"]
        if name == "bytes":
            options += [repr(one) for one in (*place.words.data, *place.whole.data)]
        options += self.pools.get(name, ()) if name == "callable" else ()
        return self._random.choice(options)

    def _choose_text(self, place: Place) -> str:
        lot = self._random.random()
        if lot < 0.35 and place.words.texts:  # noqa: PLR2004 - shares of a whole
            return self._random.choice(place.words.texts)
        if lot < 0.5 and place.samples:  # noqa: PLR2004 - shares of a whole
            return self._random.choice(place.samples)
        if lot < 0.65 and place.whole.texts:  # noqa: PLR2004 - shares of a whole
            return self._random.choice(place.whole.texts)
        return self._random.choice(TEXTS)

    def _choose_number(self, place: Place) -> int:
        lot = self._random.random()
        near = place.words.numbers if lot < 0.4 else place.whole.numbers  # noqa: PLR2004
        if lot < 0.6 and near:  # noqa: PLR2004 - shares of a whole
            return self._random.choice(near) + self._random.choice((-1, 0, 0, 1))
        return self._random.choice(NUMBERS)

    def _make_unknown(self, place: Place, depth: int, *, is_hashable: bool) -> str:
        pools = [name for name in self.pools if not name.startswith("builtins.")]
        if pools and self._random.random() < 0.15:  # noqa: PLR2004 - now and then
            return self._random.choice(self.pools[self._random.choice(pools)])
        names: tuple[str, ...] | list[str] = ("str", "int", "tuple") if is_hashable else UNKNOWN
        if depth:
            names = _ELEMENTS
        return self.make_one(Kind(self._random.choice(names)), place, depth + 1)

    def _make_object(self, kind: Kind, place: Place, depth: int) -> str:
        pool = self.pools.get(kind.detail)
        if pool:
            return self._random.choice(pool)
        return self._make_unknown(place, depth + 1, is_hashable=False)

    def _make_namespace(self, kind: Kind, place: Place, depth: int) -> str:
        """Make an object with the attributes that a function was seen to use."""
        kinds = {name: choose_kinds(name) for name in kind.detail.split()}
        items = [f"{name}={self.make(one, place, depth + 1)}" for name, one in kinds.items()]
        return f"SimpleNamespace({', '.join(items)})"

    def _make_sequence(self, kind: Kind, place: Place, depth: int) -> str:
        name = kind.name
        if kind.detail == "fixed":
            parts = [self.make_one(one, place, depth + 1) for one in kind.args]
            return f"({', '.join(parts)}{',' * (len(parts) == 1)})"
        size = (
            self._random.choice((0, 1, 2, 3, 3, 4, 5)) if depth == 0 else self._random.randint(1, 3)
        )
        items = self._make_items(kind.args, size, place, depth)
        if name == "iterable":
            name = self._random.choice(
                ("list", "list", "list", "tuple", "str", "iterator", "range")
            )
            if kind.args or depth:
                name = self._random.choice(("list", "list", "tuple", "iterator"))
        if name in {"str", "range"}:
            return self._make_scalar(name, place)
        return _wrap(name, items)

    def _make_items(
        self, kinds: tuple[Kind, ...], size: int, place: Place, depth: int
    ) -> list[str]:
        """Make items of one kind, as lists most often have."""
        if depth >= MAX_DEPTH:
            return [repr(self._random.choice(NUMBERS)) for _ in range(size)]
        one = self.choose_kind(kinds) if kinds else Kind(self._random.choice(_ELEMENTS))
        if one.name == "any":
            one = Kind(self._random.choice(_ELEMENTS))
        return [self.make_one(one, place, depth + 1) for _ in range(size)]

    def _make_dict(self, kind: Kind, place: Place, depth: int) -> str:
        size = self._random.choice((0, 1, 2, 3))
        key, value = (
            (*kind.args, Kind("any"), Kind("any"))[:2] if kind.args else (Kind("str"), Kind("any"))
        )
        if key.name in {"any", "list", "dict", "set"}:
            key = Kind("str")
        keys = dict.fromkeys(self.make_one(key, place, depth + 1) for _ in range(size))
        if depth >= MAX_DEPTH:
            value = Kind("int")
        pairs = [f"{one}: {self.make_one(value, place, depth + 1)}" for one in keys]
        return f"{{{', '.join(pairs)}}}"


def _wrap(name: str, items: list[str]) -> str:
    inner = ", ".join(items)
    if name == "tuple":
        return f"({inner}{',' * (len(items) == 1)})"
    if name == "set":
        return f"{{{inner}}}" if items else "set()"
    if name == "frozenset":
        return f"frozenset({{{inner}}})" if items else "frozenset()"
    return f"iter([{inner}])" if name == "iterator" else f"[{inner}]"
