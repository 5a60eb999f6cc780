import cv2
import numpy as np
import pytest

from detector.values import Picture
from detector.yolo.prepare import prepare
from tests.builders import noise_picture


def test_stretching_is_what_cvlib_does() -> None:
    picture = noise_picture(300, 200)
    tensor, _ = prepare(picture, (416, 416), "stretch")
    bgr = np.ascontiguousarray(picture.pixels[:, :, ::-1])
    blob = cv2.dnn.blobFromImage(bgr, 0.00392, (416, 416), (0, 0, 0), True, crop=False)
    np.testing.assert_array_equal(tensor, blob)


@pytest.mark.parametrize(
    ("width", "height", "bars"),
    [(200, 100, (slice(0, 24), slice(None))), (100, 200, (slice(None), slice(0, 24)))],
    ids=["wide", "tall"],
)
def test_letterbox_keeps_proportions_between_grey_bars(
    width: int, height: int, bars: tuple[slice, slice]
) -> None:
    white = Picture(np.full((height, width, 3), 255, dtype=np.uint8))
    tensor, _ = prepare(white, (96, 96), "letterbox")
    assert tensor.shape == (1, 3, 96, 96)
    assert (tensor[0, :, bars[0], bars[1]] == 0.5).all()
    assert tensor[0, 0, 48, 48] == pytest.approx(1)
    assert (tensor[0, 0] > 0.9).sum() == 96 * 48


@pytest.mark.parametrize("fit", ["stretch", "letterbox"])
@pytest.mark.parametrize("size_wh", [(300, 200), (200, 300), (64, 64), (1, 900)], ids=str)
def test_a_box_drawn_in_the_input_comes_back_to_its_pixels(size_wh: tuple[int, int], fit: str) -> None:
    _, placement = prepare(noise_picture(*size_wh), (96, 64), "stretch" if fit == "stretch" else "letterbox")
    (left, top), (width, height) = placement.corner_xy, placement.size_wh
    whole = np.array([[left, top, left + width, top + height]], dtype=np.float32)
    np.testing.assert_allclose(placement.to_picture(whole), [[0, 0, *size_wh]], atol=1e-3)


def test_the_picture_given_is_not_written_to() -> None:
    picture = noise_picture(50, 40)
    before = picture.pixels.copy()
    prepare(picture, (96, 64), "letterbox")
    np.testing.assert_array_equal(picture.pixels, before)
