"""Small pieces of text that several parts of the page use."""

import base64
import re
from collections.abc import Mapping


def counted(number: int, one: str, more: str | None = None) -> str:
    """The number with its noun: "1 object", "2 classes"."""
    return f"{number} {one if number == 1 else more or one + 's'}"


def escape(text: str) -> str:
    """Text from outside, with nothing left that Markdown would act on."""
    return re.sub(r"([\\`*_{}\[\]()#+.!|<>~$:-])", r"\\\1", text)


def listed(counts: Mapping[str, int]) -> str:
    """Counts by class in words: "6 person, 4 car"."""
    return ", ".join(f"{count} {label}" for label, count in counts.items())


def describe(name: str, counts: Mapping[str, int]) -> str:
    """A picture in words, for those who do not see it: "street.jpg: 6 person, 4 car"."""
    return f"{name}: {listed(counts) or 'nothing found'}"


def data_url(jpeg: bytes) -> str:
    """JPEG bytes as an address that a browser shows without asking anybody."""
    return "data:image/jpeg;base64," + base64.b64encode(jpeg).decode()
