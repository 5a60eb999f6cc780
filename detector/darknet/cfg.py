"""cfg text -> sections: the syntax of darknet's network files, and nothing about what they mean.

Format: darknet, src/parser.c (read_cfg) and src/option_list.c. Lines are "[section]", "key=value" or comments.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from detector.errors import ModelError

MAX_CFG_BYTES = 1_000_000
MAX_SECTIONS = 1_000
MAX_NUMBER = 100_000  # no size, stride, filter count or layer number of a real network is near it


@dataclass(frozen=True)
class Entry:
    """The text after "key=" and the line it stands on, counted from 1."""

    text: str
    line: int


@dataclass(frozen=True)
class Section:
    """One "[kind]" with its entries; the getters raise ModelError, which names the line and the key."""

    kind: str
    line: int
    entries: Mapping[str, Entry]

    def text(self, key: str, default: str) -> str:
        """The value as written."""
        return self.entries[key].text if key in self.entries else default

    def integer(self, key: str, default: int | None = None, minimum: int = 0) -> int:
        """The value as a whole number; without a default the key must be there."""
        if key not in self.entries:
            if default is None:
                raise ModelError(f"line {self.line}: [{self.kind}] has no {key}=")
            return default
        number = self._number(key, self.entries[key].text)
        if number != int(number) or number < minimum:
            raise self.error(key, f"must be a whole number from {minimum}")
        return int(number)

    def integers(self, key: str) -> tuple[int, ...]:
        """A list such as "-1, 61"."""
        numbers = self.numbers(key)
        if any(number != int(number) for number in numbers):
            raise self.error(key, "is not a list of whole numbers")
        return tuple(int(number) for number in numbers)

    def numbers(self, key: str) -> tuple[float, ...]:
        """A list such as "10,13, 16.5,30"."""
        if key not in self.entries:
            raise ModelError(f"line {self.line}: [{self.kind}] has no {key}=")
        return tuple(self._number(key, part) for part in self.entries[key].text.rstrip(", ").split(","))

    def error(self, key: str, complaint: str) -> ModelError:
        """A ModelError about that key's value."""
        entry = self.entries[key]
        return ModelError(f"line {entry.line}: {key}={entry.text} in [{self.kind}] {complaint}")

    def _number(self, key: str, text: str) -> float:
        try:
            number = float(text)
        except ValueError:
            raise self.error(key, "is not a number") from None
        if not abs(number) <= MAX_NUMBER:  # also refuses nan
            raise self.error(key, f"is not a number up to {MAX_NUMBER:,}")
        return number


def parse_cfg(text: str) -> tuple[Section, ...]:
    """Sections in their order. Raises ModelError, with the line, for what is no section, entry or comment."""
    if len(text) > MAX_CFG_BYTES:
        raise ModelError(f"a cfg file has at most {MAX_CFG_BYTES:,} bytes; this is not one")
    sections: list[tuple[str, int, dict[str, Entry]]] = []
    for number, raw in enumerate(text.splitlines(), start=1):
        line = raw.strip()
        if not line or line[0] in "#;":
            continue
        if line.startswith("["):
            sections.append((_section_kind(line, number), number, {}))
        else:
            _add_entry(sections, line, number)
    if not sections:
        raise ModelError("the cfg file has no [section]")
    if len(sections) > MAX_SECTIONS:
        raise ModelError(f"the cfg file has {len(sections)} sections; {MAX_SECTIONS} are the most")
    return tuple(Section(kind, number, entries) for kind, number, entries in sections)


def _section_kind(line: str, number: int) -> str:
    if not line.endswith("]"):
        raise ModelError(f"line {number}: {line[:60]!r} opens a section but does not close it with ]")
    return line[1:-1].strip().lower()


def _add_entry(sections: list[tuple[str, int, dict[str, Entry]]], line: str, number: int) -> None:
    key, equals, value = line.partition("=")
    key, value = key.strip(), value.partition("#")[0].strip()
    if not equals or not key:
        raise ModelError(f"line {number}: {line[:60]!r} is neither a [section] nor key=value")
    if not sections:
        raise ModelError(f"line {number}: {key}= stands before the first [section]")
    kind, _, entries = sections[-1]
    if key in entries and entries[key].text != value:
        raise ModelError(f"line {number}: [{kind}] sets {key} again (first on line {entries[key].line})")
    entries[key] = Entry(value, number)
