"""Small models and pictures, made from a seed."""

import io
import os
import struct
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pytest
from PIL import Image

from detector.darknet.network import Convolutional, Layer, Network, Shortcut, Yolo, read_network
from detector.models.registry import COCO_NAMES, ModelFiles, PublishedModel
from detector.values import Picture

PACKAGE_MODELS = COCO_NAMES.parent
Floats = npt.NDArray[np.float32]


def noise_picture(width: int, height: int, seed: int = 0) -> Picture:
    """Soft random blobs, so that a network sees more than grey."""
    rng = np.random.default_rng(seed)
    coarse = Image.fromarray(rng.integers(0, 256, (8, 8, 3), dtype=np.uint8))
    return Picture(np.asarray(coarse.resize((width, height), Image.Resampling.BICUBIC)))


def file_bytes(image: Image.Image, file_format: str, **options: object) -> bytes:
    """The image as a file of that format."""
    buffer = io.BytesIO()
    image.save(buffer, file_format, **options)
    return buffer.getvalue()


def weights_bytes(network: Network, seed: int = 0) -> bytes:
    """A weights file of exactly this network's structure, whose activations neither die nor explode.

    Kernels keep the variance of what goes through them; those that end a residual branch add only a little, or
    it would double at each shortcut. Heads lean towards finding nothing, so that some boxes come out, not all.
    """
    rng = np.random.default_rng(seed)
    parts: list[Floats] = []
    for index, layer in enumerate(network.layers):
        if isinstance(layer, Convolutional):
            parts += _convolution(layer, network.layers[index + 1], rng)
    return struct.pack("<3iq", 0, 2, 0, 12_800) + np.concatenate(parts).astype("<f4").tobytes()


def _convolution(layer: Convolutional, follower: Layer, rng: np.random.Generator) -> list[Floats]:
    filters, fan_in = layer.shape[0], layer.in_channels * layer.size**2
    gain = {Shortcut: 0.2, Yolo: 0.6}.get(type(follower), 1.4)
    kernel = rng.standard_normal(filters * fan_in, dtype=np.float32) * np.float32(gain / np.sqrt(fan_in))
    if not layer.batch_normalize:
        bias = np.zeros(filters, dtype=np.float32)
        if isinstance(follower, Yolo):
            bias[4 :: 5 + follower.classes] = -2
        return [bias, kernel]
    variance = rng.uniform(0.5, 2.0, filters).astype(np.float32)
    mean = rng.uniform(-0.1, 0.1, filters).astype(np.float32)
    return [mean, np.sqrt(variance), mean, variance, kernel]


def model_files(
    folder: Path, cfg: str, names: list[str], seed: int = 0, side: int | None = None
) -> ModelFiles:
    """One's own model: the three files in a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    files = ModelFiles(folder.name, folder / "own.cfg", folder / "own.weights", folder / "own.names")
    files.cfg.write_text(cfg)
    files.names.write_text("\n".join(names) + "\n")
    files.weights.write_bytes(weights_bytes(read_network(cfg, side), seed))
    return files


def use_own_model(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The environment names a small model in the folder, `own`, and a store that is empty; nothing else is set."""
    for variable in [name for name in os.environ if name.startswith("DETECTOR_")]:
        monkeypatch.delenv(variable)
    model_files(folder / "models" / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    monkeypatch.setenv("DETECTOR_HOME", str(folder / "home"))
    monkeypatch.setenv("DETECTOR_MODEL_FOLDERS", str(folder / "models" / "own"))
    monkeypatch.setenv("DETECTOR_MODEL", "own")


def full_yolov3_files(folder: Path, model: PublishedModel) -> ModelFiles:
    """The published yolov3's cfg and names with weights of its exact structure, made from a seed."""
    cfg = PACKAGE_MODELS / f"{model.name}.cfg"
    weights = folder / model.weights.name
    weights.write_bytes(weights_bytes(read_network(cfg.read_text()), seed=3))
    return ModelFiles(model.name, cfg, weights, COCO_NAMES)


# Every kind of layer and every way to name one, two heads, three classes.
EVERY_LAYER_CFG = """
[net]
width=96
height=64
channels=3

[convolutional]
batch_normalize=1
filters=8
size=3
stride=2
pad=1
activation=leaky

[convolutional]
batch_normalize=1
filters=8
size=3
stride=1
pad=1
activation=leaky

[shortcut]
from=-2
activation=linear

[maxpool]
size=2
stride=2

[maxpool]
size=2
stride=1

[convolutional]
filters=12
size=3
stride=2
pad=1
activation=leaky

[maxpool]
size=5
stride=1

[route]
layers=-2

[maxpool]
size=9
stride=1

[route]
layers=-1,-3,5

[convolutional]
batch_normalize=1
filters=16
size=3
stride=2
padding=1
activation=relu

[maxpool]
size=2
stride=2

[convolutional]
filters=24
size=1
stride=1
pad=1
activation=linear

[yolo]
mask=3,4,5
anchors=4,5, 8,8, 12,20, 20,16, 30,30, 50,40.5
classes=3
num=6

[route]
layers=11

[upsample]
stride=2

[route]
layers=-1,10

[convolutional]
filters=24
size=1
stride=1
activation=linear

[yolo]
mask=0,1,2
anchors=4,5, 8,8, 12,20, 20,16, 30,30, 50,40.5
classes=3
num=6
"""
EVERY_LAYER_NAMES = ["ant", "bee", "cat"]
