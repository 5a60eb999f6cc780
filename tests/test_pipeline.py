"""The way that every shell takes, with a model of one's own."""

from pathlib import Path

from PIL import Image

import detector
from detector.engines.base import Engine
from detector.engines.catalog import open_engine
from detector.settings import Settings
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, file_bytes, model_files, noise_picture

SETTINGS = Settings(confidence=0.1)


def own_engine(folder: Path) -> Engine:
    return open_engine(model_files(folder / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES), SETTINGS)


def test_a_result_says_how_long_each_stage_took(tmp_path: Path) -> None:
    data = file_bytes(Image.fromarray(noise_picture(320, 240).pixels), "PNG")
    result = detector.detect_in(data, own_engine(tmp_path), SETTINGS)
    assert list(result.time_ms) == ["decode", "prepare", "forward", "suppress"]
    assert min(result.time_ms.values()) > 0
    assert result.detect_ms == sum(result.time_ms.values()) - result.time_ms["decode"]
    assert result.notes == ()


def test_a_result_says_that_only_a_first_frame_was_looked_at(tmp_path: Path) -> None:
    frames = [Image.fromarray(noise_picture(320, 240, seed).pixels) for seed in (0, 1)]
    moving = file_bytes(frames[0], "GIF", save_all=True, append_images=frames[1:])
    engine = own_engine(tmp_path)
    result, of_the_first = (
        detector.detect_in(data, engine, SETTINGS) for data in (moving, file_bytes(frames[0], "GIF"))
    )
    assert result.notes == ("this picture moves; its first frame was looked at",)
    assert result.detections.scores.tolist() == of_the_first.detections.scores.tolist()


def test_a_picture_that_was_reduced_is_had_in_full_size_and_another_is_not_decoded_again(
    tmp_path: Path,
) -> None:
    image, engine = Image.fromarray(noise_picture(800, 600).pixels), own_engine(tmp_path)
    jpeg, png = file_bytes(image, "JPEG"), file_bytes(image, "PNG")
    _, reduced = detector.read_and_detect(jpeg, engine, SETTINGS)
    assert reduced.size_wh == (400, 300)  # each side at least twice the input's 96
    assert detector.in_full(reduced, jpeg).size_wh == (800, 600)
    _, whole = detector.read_and_detect(png, engine, SETTINGS)
    assert detector.in_full(whole, png) is whole
