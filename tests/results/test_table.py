"""The rows that people read."""

import numpy as np
import pytest

from detector.results.table import COLUMNS, table
from detector.values import Detections


def found(count: int) -> Detections:
    """The first `count` of two detections."""
    return Detections(
        boxes=np.array([[1.4, 2.6, 99.9, 200], [-0.2, 0, 640, 479.6]], dtype=np.float32)[:count],
        scores=np.array([0.875, 0.5], dtype=np.float32)[:count],
        class_ids=np.array([1, 0], dtype=np.int64)[:count],
        names=("ant", "bee"),
        size_wh=(640, 480),
    )


@pytest.mark.parametrize("count", [0, 1, 2])
def test_table_has_a_numbered_row_for_each_detection_in_whole_pixels(count: int) -> None:
    rows = [(1, "bee", 0.875, "1, 3, 100, 200"), (2, "ant", 0.5, "0, 0, 640, 480")]
    assert table(found(count)) == [dict(zip(COLUMNS, row, strict=True)) for row in rows[:count]]


def test_table_cells_are_plain_python_values() -> None:
    kinds = [int, str, float, str]
    assert [[type(cell) for cell in row.values()] for row in table(found(2))] == [kinds, kinds]
