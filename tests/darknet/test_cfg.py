import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detector.darknet.cfg import parse_cfg
from detector.errors import ModelError


def test_sections_keep_their_order_lines_and_values() -> None:
    net, conv = parse_cfg("# a comment\n[net]\nwidth = 32\n\n; another\n[Convolutional]\nsize=3 # three\n")
    assert (net.kind, net.line, net.integer("width")) == ("net", 2, 32)
    assert (conv.kind, conv.line, conv.integer("size")) == ("convolutional", 6, 3)


def test_lists_and_decimals_are_read_as_darknet_writes_them() -> None:
    (section,) = parse_cfg("[route]\nlayers = -1, 61,\nanchors=10,13.5,  16,30\nfilters=10.0\n")
    assert section.integers("layers") == (-1, 61)
    assert section.numbers("anchors") == (10, 13.5, 16, 30)
    assert section.integer("filters") == 10


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "no .section"),
        ("width=3\n", "line 1: width= stands before"),
        ("[net\n", "line 1: .*does not close"),
        ("[net]\nwidth\n", "line 2: 'width' is neither"),
        ("[net]\nwidth=3\nwidth=4\n", "line 3: .net. sets width again .first on line 2"),
        ("[net]\n" * 1001, "1001 sections"),
        ("#" * 1_000_001, "at most 1,000,000"),
    ],
    ids=["empty", "no section", "unclosed", "no equals", "twice", "too many", "too long"],
)
def test_what_is_no_cfg_is_refused_with_its_line(text: str, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        parse_cfg(text)


@pytest.mark.parametrize(
    ("value", "complaint"),
    [
        ("abc", "is not a number"),
        ("1.5", "whole number"),
        ("nan", "not a number up to"),
        ("1e30", "not a number up to"),
        ("", "is not a number"),
        ("0", "whole number from 1"),
    ],
)
def test_a_number_that_is_none_names_line_and_key(value: str, complaint: str) -> None:
    (section,) = parse_cfg(f"[net]\nwidth={value}\n")
    with pytest.raises(ModelError, match=rf"line 2: width={value} in \[net\] .*{complaint}"):
        section.integer("width", minimum=1)


def test_a_missing_key_names_the_section() -> None:
    (section,) = parse_cfg("\n[yolo]\n")
    with pytest.raises(ModelError, match=r"line 2: \[yolo\] has no anchors="):
        section.numbers("anchors")


@given(st.text(max_size=200))
def test_any_text_is_parsed_or_refused_by_name(text: str) -> None:
    with contextlib.suppress(ModelError):
        parse_cfg(text)
