import re

import pytest

from detector.darknet.network import Convolutional, MaxPool, read_network
from detector.errors import ModelError
from tests.builders import EVERY_LAYER_CFG, PACKAGE_MODELS

NET = "[net]\nwidth=64\nheight=32\nchannels=3\n"
CONV = "[convolutional]\nfilters=21\nsize=1\n"
YOLO = "[yolo]\nmask=0,1,2\nanchors=1,2,3,4,5,6\nclasses=2\nnum=3\n"


@pytest.mark.parametrize(
    ("name", "layers", "convolutions", "heads"),
    [
        ("yolov3", 107, 75, [(255, 13, 13), (255, 26, 26), (255, 52, 52)]),
        ("yolov3-tiny", 24, 13, [(255, 13, 13), (255, 26, 26)]),
    ],
    ids=["yolov3", "yolov3-tiny"],
)
def test_published_networks_have_their_known_structure(
    name: str, layers: int, convolutions: int, heads: list[tuple[int, int, int]]
) -> None:
    network = read_network((PACKAGE_MODELS / f"{name}.cfg").read_text())
    assert (len(network.layers), len(network.convolutions)) == (layers, convolutions)
    assert [head.shape for head in network.heads] == heads


def test_a_side_replaces_the_files_own_width_and_height() -> None:
    network = read_network(NET + CONV + YOLO, side=96)
    assert network.input_shape == (3, 96, 96)
    assert network.heads[0].shape == (21, 96, 96)


@pytest.mark.parametrize(
    ("size", "stride", "rows", "before", "after"),
    [(2, 2, 16, 0, 0), (2, 1, 32, 0, 1), (5, 1, 32, 2, 2), (3, 2, 16, 1, 0), (1, 1, 32, 0, 0)],
)
def test_maxpools_pad_as_darknet_does(size: int, stride: int, rows: int, before: int, after: int) -> None:
    network = read_network(f"{NET}[maxpool]\nsize={size}\nstride={stride}\n{CONV}{YOLO}")
    pool = network.layers[0]
    assert isinstance(pool, MaxPool)
    assert (pool.shape[1], pool.pad_before, pool.pad_after[0]) == (rows, before, after)


def test_pad_means_half_the_kernel_and_padding_means_itself() -> None:
    text = NET + "[convolutional]\nfilters=1\nsize=5\npad=1\npadding=9\n"
    text += "[convolutional]\nfilters=1\nsize=5\npadding=1\n" + CONV + YOLO
    first, second = read_network(text).layers[:2]
    assert isinstance(first, Convolutional)
    assert isinstance(second, Convolutional)
    assert (first.padding, first.shape, second.padding, second.shape) == (2, (1, 32, 64), 1, (1, 30, 62))


def change(pattern: str, replacement: str, text: str = EVERY_LAYER_CFG) -> str:
    changed, count = re.subn(pattern, replacement, text, count=1)
    assert count
    return changed


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        (change(r"\[net\]", "[maxpool]"), r"starts with \[net\]"),
        (change("channels=3", "channels=4"), "channels=4 .*must be 3"),
        (change("width=96", "width=100"), "width=100 .*multiple of 32"),
        (change("width=96", "width=8192"), "width=8192 .*multiple of 32"),
        (change(r"\[upsample\]", "[reorg]"), r"\[reorg\] is not a section"),
        (change("filters=8", "filters=8\ngroups=2"), "groups=2 .*not a key"),
        (change("activation=leaky", "activation=mish"), "activation=mish .*one of linear"),
        (change("from=-2", "from=-9"), "from=-9 .*must name 1 of the 2 layers"),
        (change("from=-2", "from=-1,-2"), "must name 1"),
        (change(r"from=-2\nactivation=linear\n", "activation=linear\n"), "has no from="),
        (change("layers=-1,10", "layers=-1,0"), "maps of different sizes"),
        (change("layers=11", "layers=99"), "layers=99 .*of the 14 layers"),
        (change("layers=11", "layers=13"), r"reads the output of a \[yolo\]"),
        (change("classes=3", "classes=4"), "needs 27 channels, the layer before has 24"),
        (change("mask=3,4,5", "mask=3,4,6"), "outside 0 to 5"),
        (change("num=6", "num=5"), "num pairs"),
        (change("anchors=4,5,", "anchors=4,"), "num pairs"),
        (change("anchors=4,5,", "anchors=0,5,"), "num pairs"),
        (change("size=3", "size=99\npadding=0\nstride=1"), "stride=1|sets stride again"),
        (NET + "[convolutional]\nsize=99\n" + YOLO, "leaves nothing"),
        (NET + "[upsample]\nstride=5000\n" + YOLO, "too large"),
        (NET + "[maxpool]\nsize=2\npadding=4\n" + YOLO, "padding=4 .*under twice"),
        (NET + CONV, r"no \[yolo\]"),
        (NET.replace("height=32\n", "") + CONV + YOLO, "has no height="),
    ],
)
def test_what_is_not_understood_names_line_and_key(text: str, complaint: str) -> None:
    with pytest.raises(ModelError, match=complaint):
        read_network(text)
