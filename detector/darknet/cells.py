"""Network -> what each row of its output stands for, as constants for a graph that decodes by itself."""

from dataclasses import dataclass

import numpy as np

from detector.darknet.network import Network, Yolo
from detector.values import Floats

DECODED_NAMES = ("boxes", "scores")  # what a model that decodes calls its outputs


@dataclass(frozen=True, eq=False)
class Cells:
    """One row for each anchor of each cell, in the order of decode_maps: head, cell row, column, anchor.

    corners float32 (N, 2): column and row; grids float32 (N, 2): columns and rows of that head;
    anchors float32 (N, 2): width and height as shares of the input.
    """

    corners: Floats
    grids: Floats
    anchors: Floats


def cells_of(network: Network) -> Cells:
    """The cells of every head."""
    input_wh = network.input_shape[2], network.input_shape[1]
    of_heads = [_cells(head, input_wh) for head in network.heads]
    return Cells(*(np.concatenate(parts) for parts in zip(*of_heads, strict=True)))


def decoded_shapes(network: Network) -> dict[str, list[int]]:
    """The outputs of a model that decodes."""
    n = sum(len(head.anchors_wh) * head.shape[1] * head.shape[2] for head in network.heads)
    return dict(zip(DECODED_NAMES, ([n, 4], [n, network.heads[0].classes]), strict=True))


def _cells(head: Yolo, input_wh: tuple[int, int]) -> tuple[Floats, Floats, Floats]:
    anchors, (_, rows, columns) = len(head.anchors_wh), head.shape
    y, x, anchor = np.indices((rows, columns, anchors)).reshape(3, -1)
    corners: Floats = np.stack([x, y], axis=1).astype(np.float32)  # (N, 2)
    width, height = input_wh
    shares = np.array([(w / width, h / height) for w, h in head.anchors_wh], dtype=np.float32)  # (A, 2)
    return corners, np.full_like(corners, (columns, rows)), shares[anchor]
