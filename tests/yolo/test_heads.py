from math import exp

import numpy as np

from detector.darknet.network import read_network
from detector.yolo.heads import decode_maps
from tests.builders import EVERY_LAYER_CFG, Floats

NETWORK = read_network(EVERY_LAYER_CFG)


def random_maps(seed: int) -> tuple[Floats, ...]:
    rng = np.random.default_rng(seed)
    return tuple(rng.normal(0, 2, (1, *head.shape)).astype(np.float32) for head in NETWORK.heads)


def slow_rows(maps: tuple[Floats, ...]) -> list[list[float]]:
    """The paper's formulas, one box at a time."""

    def sigmoid(value: float) -> float:
        return 1 / (1 + exp(-value))

    rows = []
    _, input_h, input_w = NETWORK.input_shape
    for values, head in zip(maps, NETWORK.heads, strict=True):
        _, height, width = head.shape
        for y in range(height):
            for x in range(width):
                for a, (anchor_w, anchor_h) in enumerate(head.anchors_wh):
                    start = a * (5 + head.classes)
                    tx, ty, tw, th, to, *classes = values[0, start : start + 5 + head.classes, y, x].tolist()
                    row = [(x + sigmoid(tx)) / width, (y + sigmoid(ty)) / height]
                    row += [exp(tw) * anchor_w / input_w, exp(th) * anchor_h / input_h, sigmoid(to)]
                    rows.append(row + [sigmoid(to) * sigmoid(c) for c in classes])
    return rows


def test_rows_equal_the_papers_formulas_in_order() -> None:
    maps = random_maps(1)
    np.testing.assert_allclose(decode_maps(maps, NETWORK), slow_rows(maps), rtol=1e-5, atol=1e-6)


def test_a_floor_drops_only_rows_that_no_score_could_pass() -> None:
    rows, floored = decode_maps(random_maps(2), NETWORK), decode_maps(random_maps(2), NETWORK, floor=0.5)
    np.testing.assert_array_equal(floored, rows[rows[:, 4] > 0.5])
    assert 0 < len(floored) < len(rows)


def test_extreme_values_overflow_without_a_warning() -> None:
    maps = tuple(
        np.full((1, *head.shape), value, np.float32)
        for head, value in zip(NETWORK.heads, (-500, 500), strict=True)
    )
    rows = decode_maps(maps, NETWORK)
    assert set(rows[:, 4].tolist()) == {0.0, 1.0}
