"""File names made of names from outside."""

import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.results.filenames import safe_name, split_suffix, unique_names

HOSTILE = [
    ("../x", "x"),
    ("../../etc/passwd", "passwd"),
    ("/etc/x.jpg", "x.jpg"),
    ("C:\\x", "x"),
    ("C:\\a\\..\\x.jpg", "x.jpg"),
    ("C:x.jpg", "Cx.jpg"),
    ("a/b/", "picture"),
    ("", "picture"),
    (".", "picture"),
    ("..", "picture"),
    (" . . ", "picture"),
    ("___", "picture"),
    (".jpg", "picture.jpg"),
    ("..jpg", "picture.jpg"),
    (".hidden.jpg", "hidden.jpg"),
    ("--rf.jpg", "rf.jpg"),
    ("a\x00b\n\r\tc\x7f.jpg", "abc.jpg"),
    ("a\nb", "ab"),
    ("\u202egpj.exe.jpg", "gpj.exe.jpg"),
    ("a\u200b\u2066b.jpg", "ab.jpg"),
    ("😀.jpg", "picture.jpg"),
    ("my 😀 cat.jpg", "my  cat.jpg"),
    ("half \ud83d.jpg", "half.jpg"),
    ("=cmd().jpg", "cmd.jpg"),
    ('a<b>:"|?*%$;.jpg', "ab.jpg"),
    ("x .jpg", "x.jpg"),
    ("x.jpg. ", "x.jpg"),
    ("CON.jpg", "_CON.jpg"),
    ("con", "_con"),
    ("NUL", "_NUL"),
    ("nul.tar.jpg", "_nul.tar.jpg"),
    ("Aux .b.jpg", "_Aux .b.jpg"),
    ("com1.jpg", "_com1.jpg"),
    ("LPT².jpg", "_LPT².jpg"),
    ("console.jpg", "console.jpg"),
    ("com10.jpg", "com10.jpg"),
    ("e\u0301te\u0301.jpg", "été.jpg"),
    ("Straße 1_b-c.v2.JPG", "Straße 1_b-c.v2.JPG"),
    ("猫 हिन्दी שלום.png", "猫 हिन्दी שלום.png"),
    ("x" * 300, "x" * 100),
    ("x" * 300 + ".jpeg", "x" * 95 + ".jpeg"),
    ("a." + "x" * 300, "a." + "x" * 98),
    ("x" * 95 + ". b.jpg", "x" * 95 + ".jpg"),
    ("猫" * 300 + ".jpg", "猫" * 66 + ".jpg"),
]


@pytest.mark.parametrize(("name", "safe"), HOSTILE, ids=[ascii(name)[:40] for name, _ in HOSTILE])
def test_name_from_outside_becomes_a_file_name(name: str, safe: str, tmp_path: Path) -> None:
    assert safe_name(name) == safe
    (tmp_path / safe).touch()
    assert unicodedata.normalize("NFC", next(tmp_path.iterdir()).name) == safe


@given(st.text() | st.text(alphabet="conCON1.-_ /\\é\u0301jpg", max_size=150))
def test_any_text_becomes_a_short_plain_file_name_that_stays_as_it_is(name: str) -> None:
    safe = safe_name(name)
    assert safe_name(safe) == safe
    assert 0 < len(safe) <= 100
    assert len(safe.encode()) < 256
    assert safe[0] not in " .-"
    assert safe[-1] not in " ."
    assert not re.search(r'[\x00-\x1f\x7f<>:"/\\|?*]', safe)


@pytest.mark.parametrize(
    ("names", "unique"),
    [
        ([], []),
        (["a.jpg", "b.jpg"], ["a.jpg", "b.jpg"]),
        (["a.jpg", "a.jpg", "a.jpg"], ["a.jpg", "a-2.jpg", "a-3.jpg"]),
        (["a.jpg", "A.JPG"], ["a.jpg", "A-2.JPG"]),
        (["a.jpg", "a.png"], ["a.jpg", "a-2.png"]),
        (["a.jpg", "a.jpg", "a-2.jpg"], ["a.jpg", "a-2.jpg", "a-2-2.jpg"]),
        (["x/a.jpg", "y\\a.jpg", "a😀.jpg"], ["a.jpg", "a-2.jpg", "a-3.jpg"]),
        (["Straße.jpg", "STRASSE.jpg"], ["Straße.jpg", "STRASSE-2.jpg"]),
        (["", ".."], ["picture", "picture-2"]),
        (["x" * 300, "x" * 300], ["x" * 100, "x" * 98 + "-2"]),
    ],
    ids=lambda value: ascii(value)[:40],
)
def test_names_are_numbered_until_stems_differ(names: list[str], unique: list[str]) -> None:
    assert unique_names(names) == unique


@given(st.lists(st.sampled_from(["a", "A", "a-2", "a-2-2", "é", "e\u0301", "x" * 200, ""]), max_size=12))
def test_no_two_stems_are_equal_in_any_case(stems: list[str]) -> None:
    names = unique_names(stem + suffix for stem in stems for suffix in (".jpg", ".png"))
    assert len({split_suffix(name)[0].casefold() for name in names}) == 2 * len(stems)
    assert all(len(name) <= 100 for name in names)
