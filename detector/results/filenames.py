"""Names from outside -> file names that are safe in a folder on any system."""

import re
import unicodedata
from collections.abc import Iterable
from itertools import chain, count

MAX_CHARACTERS = 100
_MAX_BYTES = 200  # Linux ends at 255 bytes of UTF-8, which 100 Chinese characters pass
_MAX_SUFFIX = 10
# Windows opens a device for these, whatever suffix follows.
_RESERVED = re.compile(r"(con|prn|aux|nul|conin|conout|com\d|lpt\d) *(\.|$)", re.IGNORECASE)


def safe_name(name: str) -> str:
    """A file name of letters, digits, space, dot, dash and underscore, of at most 100 characters.

    Of a path, also one with backslashes, only the last part counts. Letters and digits are those of any script.
    Where nothing is left, the stem is "picture".
    """
    stem, suffix = split_suffix(_plain(re.split(r"[/\\]", name)[-1]))
    return safe_stem(stem, "picture", MAX_CHARACTERS - len(suffix)) + suffix


def safe_stem(text: str, otherwise: str, room: int = MAX_CHARACTERS) -> str:
    """The text as a file name without suffix, of at most `room` characters; `otherwise` where nothing is left."""
    stem = _cut(_plain(text).lstrip(" .-"), room)
    if not any(map(str.isalnum, stem)):
        return otherwise
    # Windows also takes the 1 of COM1 as a superscript.
    if _RESERVED.match(unicodedata.normalize("NFKC", stem)):
        return "_" + _cut(stem, room - 1)
    return stem


def unique_names(names: Iterable[str]) -> list[str]:
    """Safe names, in order, of which no two share a stem, whatever the case: a.jpg, a-2.png, A-3.jpg.

    Stems differ, and not names only, so that files of another suffix can stand for them.
    """
    taken: set[str] = set()
    return [_free_name(safe_name(name), taken) for name in names]


def split_suffix(name: str) -> tuple[str, str]:
    """Stem and suffix; the suffix has its dot, or is empty."""
    stem, dot, suffix = name.rstrip(" .").rpartition(".")
    return (stem, dot + suffix) if dot and len(suffix) < _MAX_SUFFIX else (name, "")


def _free_name(name: str, taken: set[str]) -> str:
    stem, suffix = split_suffix(name)
    endings = chain([""], (f"-{number}" for number in count(2)))
    stems = (_cut(stem, MAX_CHARACTERS - len(suffix) - len(ending)) + ending for ending in endings)
    free = next(each for each in stems if _key(each) not in taken)
    taken.add(_key(free))
    return free + suffix


def _key(stem: str) -> str:
    return unicodedata.normalize("NFKC", stem.casefold())


def _plain(text: str) -> str:
    """Composed, since systems differ in whether an accent apart makes another name; marks belong to letters."""
    composed = unicodedata.normalize("NFC", text)
    return "".join(c for c in composed if c in " .-_" or unicodedata.category(c)[0] in "LMN")


def _cut(stem: str, room: int) -> str:
    short = stem[:room].encode()[:_MAX_BYTES].decode(errors="ignore")
    return short.rstrip(" .")  # Windows drops these from the end
