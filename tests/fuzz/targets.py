"""What is fuzzed: each takes any bytes, and lets nothing out but errors with a name."""

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping
from contextlib import suppress
from math import prod
from pathlib import Path

import numpy as np

from detector.darknet.network import MAX_VALUES, read_network
from detector.darknet.weights import read_weights
from detector.errors import ImageError, ModelError
from detector.pictures.decode import read_picture
from detector.settings import Limits
from tests.builders import EVERY_LAYER_CFG, PACKAGE_MODELS, weights_bytes
from tests.robust.corpus import corpus

Target = Callable[[bytes], None]
LIMITS = Limits(max_picture_pixels=300_000)  # so that an input takes milliseconds
SMALL_CFG = """
[net]
width=32
height=32
[convolutional]
batch_normalize=1
filters=2
[convolutional]
filters=6
activation=linear
[yolo]
mask=0
anchors=1,2
num=1
classes=1
"""
NETWORKS = tuple(map(read_network, (SMALL_CFG, EVERY_LAYER_CFG)))
_SCRATCH = Path(tempfile.gettempdir()) / f"detector-fuzz-{os.getpid()}.weights"


def picture(data: bytes) -> None:
    """The guard before the decoders, and the decoders that it lets through."""
    warnings.simplefilter("ignore")
    for enough in (None, 50):
        try:
            found = read_picture(data, LIMITS, enough)
        except ImageError:
            continue
        assert 0 < prod(found.full_wh) <= LIMITS.max_picture_pixels
        assert prod(found.size_wh) <= prod(found.full_wh)


def cfg(data: bytes) -> None:
    """The reader of cfg files, down to the shape of every layer."""
    try:
        network = read_network(data.decode(errors="replace"))
    except ModelError:
        return
    assert network.heads
    for index, layer in enumerate(network.layers):
        assert min(layer.shape) > 0
        assert prod(layer.shape) <= MAX_VALUES
        assert getattr(layer, "source", -1) < index


def weights(data: bytes) -> None:
    """The reader of weights files, for two networks."""
    _SCRATCH.write_bytes(data)
    try:
        for network in NETWORKS:
            with suppress(ModelError):
                kernels = read_weights(_SCRATCH, network)
                assert len(kernels) == len(network.convolutions)
                assert all(np.isfinite(kernel.weights).all() for kernel in kernels)
    finally:
        _SCRATCH.unlink()


TARGETS: Mapping[str, Target] = {"picture": picture, "cfg": cfg, "weights": weights}


def seeds(name: str) -> list[bytes]:
    """Good and bad inputs to start from."""
    if name == "picture":
        return [case.data for case in corpus() if len(case.data) < 20_000]
    if name == "cfg":
        published = (PACKAGE_MODELS / "yolov3-tiny.cfg").read_bytes()
        return [SMALL_CFG.encode(), EVERY_LAYER_CFG.encode(), published]
    return [weights_bytes(network) for network in NETWORKS]
