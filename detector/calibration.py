"""Ranges for int8 from one's own pictures: what `detector quantize` does."""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from detector.darknet.calibrate import find_ranges
from detector.darknet.network import Convolutional, Network
from detector.darknet.ranges import Ranges, fingerprint, origins, quantised_tensors
from detector.engines.base import load_model
from detector.engines.catalog import open_layers
from detector.errors import ImageError
from detector.models.registry import ModelFiles
from detector.pictures.decode import read_picture
from detector.settings import Limits
from detector.values import Floats
from detector.yolo.prepare import prepare


def calibrate(
    files: ModelFiles,
    pictures: Sequence[Path],
    more_float_layers: Sequence[int] = (),
    limits: Limits | None = None,
    step: Callable[[], object] = lambda: None,
) -> Ranges:
    """Ranges for the model's own input side, each picture seen stretched and letterboxed.

    Convolutions before the heads stay in float32 (their outputs are coordinates and log-odds, far apart in size),
    and so do those given. `step` is called after each picture. Raises ImageError, ModelError, EngineError.
    """
    network, kernels, _ = load_model(files, side=None)
    float_layers = tuple(sorted({*before_heads(network), *more_float_layers}))
    values = open_layers(network, kernels, quantised_tensors(network, float_layers))
    by_layer = find_ranges(network, map(values, _inputs(pictures, network, limits, step)))
    ranges = Ranges(by_layer, float_layers, fingerprint(kernels))
    ranges.check(network, kernels)
    return ranges


def before_heads(network: Network) -> tuple[int, ...]:
    """The convolutions whose values reach a head as they are."""
    sources = {origin for head in network.heads for origin in origins(network, head.source)}
    return tuple(sorted(i for i in sources if i >= 0 and isinstance(network.layers[i], Convolutional)))


def spread(pictures: Sequence[Path], most: int) -> list[Path]:
    """At most so many of the pictures, at even distances, so that an ordered folder is seen from end to end."""
    n = min(most, len(pictures))
    return [pictures[i * len(pictures) // n] for i in range(n)]


def _inputs(
    pictures: Sequence[Path], network: Network, limits: Limits | None, step: Callable[[], object]
) -> Iterator[Floats]:
    input_wh = network.input_shape[2], network.input_shape[1]
    for path in pictures:
        try:
            picture = read_picture(path.read_bytes(), limits, enough=2 * max(input_wh))
        except OSError as error:
            raise ImageError(f"{path} cannot be read: {error.strerror or error}") from error
        except ImageError as error:
            raise ImageError(f"{path}: {error}") from error
        yield prepare(picture, input_wh, "stretch")[0]
        yield prepare(picture, input_wh, "letterbox")[0]
        step()
