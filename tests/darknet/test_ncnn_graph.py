"""The text of an ncnn model and the length of its weights; that it runs and agrees is tested with the engines."""

from collections import Counter

import numpy as np

from detector.darknet.ncnn_graph import model_bytes, param_text
from detector.darknet.network import read_network
from detector.darknet.weights import Kernel
from tests.builders import EVERY_LAYER_CFG, PACKAGE_MODELS

PUBLISHED = [(PACKAGE_MODELS / f"{name}.cfg").read_text() for name in ("yolov3", "yolov3-tiny")]
NETWORKS = [read_network(text) for text in (EVERY_LAYER_CFG, *PUBLISHED)]


def test_every_name_is_made_before_it_is_read_and_read_once() -> None:
    for network in NETWORKS:
        _, counts, *lines = param_text(network).splitlines()
        made: list[str] = []
        read: Counter[str] = Counter()
        for line in lines:
            _, _, inputs, outputs, *names = line.split()
            read.update(names[: int(inputs)])
            assert set(read) <= set(made)
            made += names[int(inputs) : int(inputs) + int(outputs)]
        assert counts == f"{len(lines)} {len(made)}"
        assert len(set(made)) == len(made)
        assert set(read.values()) == {1}
        assert {f"map{i}" for i in range(len(network.heads))} <= set(made) - set(read)


def test_the_weights_are_those_of_all_convolutions_each_with_a_mark_before_it() -> None:
    kernels = [
        Kernel(np.full((2, 3, 1, 1), value, np.float32), np.full(2, -value, np.float32)) for value in (1, 2)
    ]
    first = bytes(4) + np.array([1] * 6 + [-1] * 2, "<f4").tobytes()
    second = bytes(4) + np.array([2] * 6 + [-2] * 2, "<f4").tobytes()
    assert b"".join(model_bytes(tuple(kernels))) == first + second
