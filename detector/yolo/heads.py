"""Maps -> Rows: what the numbers of a [yolo] layer mean.

Redmon and Farhadi, arXiv:1804.02767, section 2.1; darknet, src/yolo_layer.c (get_yolo_box).
"""

from collections.abc import Sequence

import numpy as np

from detector.darknet.network import Network, Yolo
from detector.values import Floats


def decode_maps(maps: Sequence[Floats], network: Network, floor: float = -1.0) -> Floats:
    """Rows float32 (N, 5 + classes): centre x, centre y, width, height as shares of the input, objectness, scores.

    maps: one float32 (1, anchors x (5 + classes), rows, columns) for each of `network.heads`.
    A score is objectness times class probability. Rows go head by head, then by cell row, column and anchor, as
    in OpenCV 4's [region] layer. Rows whose objectness is not over `floor` are left out, since no score of
    theirs could be.
    """
    input_wh = network.input_shape[2], network.input_shape[1]
    decoded = [_decode(m, head, input_wh, floor) for m, head in zip(maps, network.heads, strict=True)]
    return np.concatenate(decoded)


def _decode(values: Floats, head: Yolo, input_wh: tuple[int, int], floor: float) -> Floats:
    anchors, (_, rows, columns) = len(head.anchors_wh), head.shape
    cells = values.reshape(anchors, 5 + head.classes, rows, columns).transpose(
        2, 3, 0, 1
    )  # (rows, cols, A, 5+C)
    objectness = _sigmoid(cells[..., 4])  # (rows, columns, A)
    y, x, anchor = np.nonzero(objectness > floor)
    picked = cells[y, x, anchor]  # (N, 5 + C)
    decoded = np.empty_like(picked)
    decoded[:, 0] = (x + _sigmoid(picked[:, 0])) / columns
    decoded[:, 1] = (y + _sigmoid(picked[:, 1])) / rows
    with np.errstate(over="ignore"):  # an endless box is dropped with the candidates
        anchor_shares = np.array(head.anchors_wh, dtype=np.float32)[anchor] / np.array(
            input_wh, dtype=np.float32
        )
        decoded[:, 2:4] = np.exp(picked[:, 2:4]) * anchor_shares
    decoded[:, 4] = objectness[y, x, anchor]
    decoded[:, 5:] = _sigmoid(picked[:, 5:]) * decoded[:, 4:5]
    return decoded


def _sigmoid(values: Floats) -> Floats:
    with np.errstate(over="ignore"):  # exp of a very negative value's opposite is inf, and 1 / inf is right
        return np.asarray(1 / (1 + np.exp(-values)), dtype=np.float32)
