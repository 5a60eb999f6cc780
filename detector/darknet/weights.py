"""weights bytes -> one pair of arrays for each convolution.

Format: darknet, src/parser.c (load_weights_upto, load_convolutional_weights). Three int32 (major, minor,
revision), the number of training pictures seen (int64 from version 0.2 on, int32 before), then little-endian
float32: for each convolution its biases, with batch normalisation its scales, means and variances, and its kernels.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from detector.darknet.network import Convolutional, Network
from detector.errors import ModelError
from detector.values import Floats

_EPSILON = 0.000001  # darknet, src/blas.c (normalize_cpu): added to the deviation, not to the variance


@dataclass(frozen=True, eq=False)
class Kernel:
    """A convolution's numbers, batch normalisation folded in.

    weights: float32 (filters, channels, size, size). bias: float32 (filters,).
    """

    weights: Floats
    bias: Floats


def read_weights(path: Path, network: Network) -> tuple[Kernel, ...]:
    """The kernels of `network.convolutions`, in their order.

    Lengths are checked before anything is read. Raises ModelError where the file does not end exactly where
    the network does, has a header that is none, or holds numbers that are not finite.
    """
    try:
        length = path.stat().st_size
        with path.open("rb") as file:
            header_bytes = _read_header(file.read(20))
            _check_length(path.name, length - header_bytes, network)
            file.seek(header_bytes)
            numbers = np.fromfile(file, dtype="<f4")
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    return _split(numbers.astype(np.float32, copy=False), network, path.name)


def _read_header(head: bytes) -> int:
    """How many bytes the header has."""
    if len(head) < 16:
        raise ModelError(f"a weights file has a header of 16 or 20 bytes, this one ends after {len(head)}")
    major, minor, _revision = struct.unpack("<3i", head[:12])
    if not (0 <= major < 1000 and 0 <= minor < 1000):
        raise ModelError(f"the header says version {major}.{minor}; this is no darknet weights file")
    return 20 if major * 10 + minor >= 2 else 16


def _check_length(name: str, body_bytes: int, network: Network) -> None:
    expected = 4 * sum(_count(layer) for layer in network.convolutions)
    if body_bytes != expected:
        raise ModelError(
            f"{name} holds {body_bytes:,} bytes of numbers, the cfg file describes {expected:,};"
            " the two do not belong together, or the file is cut"
        )


def _count(layer: Convolutional) -> int:
    filters = layer.shape[0]
    return filters * (4 if layer.batch_normalize else 1) + filters * layer.in_channels * layer.size**2


def _split(numbers: Floats, network: Network, name: str) -> tuple[Kernel, ...]:
    kernels, start = [], 0
    for layer in network.convolutions:
        end = start + _count(layer)
        kernel = _fold(numbers[start:end], layer)
        if not (np.isfinite(kernel.weights).all() and np.isfinite(kernel.bias).all()):
            raise ModelError(f"{name} holds numbers that are not finite; the file is damaged")
        kernels.append(kernel)
        start = end
    return tuple(kernels)


def _fold(numbers: Floats, layer: Convolutional) -> Kernel:
    filters, vectors = layer.shape[0], 4 if layer.batch_normalize else 1
    bias, *normalisation = numbers[: filters * vectors].reshape(vectors, filters)
    weights = numbers[filters * vectors :].reshape(filters, layer.in_channels, layer.size, layer.size)
    if not normalisation:
        return Kernel(weights, bias)
    scale, mean, variance = normalisation
    with np.errstate(all="ignore"):  # what is not finite is refused by the caller
        factor: Floats = (scale / (np.sqrt(variance) + _EPSILON)).astype(np.float32)
        return Kernel(weights * factor[:, None, None, None], bias - mean * factor)
