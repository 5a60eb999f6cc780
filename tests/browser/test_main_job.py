"""The main job in a real browser: drop a photograph, see what the tutorial prints."""

import pytest
from playwright.sync_api import Page

from tests.browser.steps import NEEDS_CHROMIUM, cells, drop, picture, press
from tests.test_tutorial import PRINTED

pytestmark = NEEDS_CHROMIUM


def test_a_dropped_photograph_gives_the_tutorials_numbers(page: Page, photographs: dict[str, bytes]) -> None:
    drop(page, {"fruits.jpg": photographs["fruits.jpg"]})
    picture(page, "fruits.jpg: 2 orange, 1 apple").wait_for()
    assert_printed(labels_and_scores(page, 3), PRINTED[4][2])
    press(page.get_by_role("slider", name="Confidence"), "ArrowLeft", 30)  # from 0.50 to 0.20
    assert_printed(labels_and_scores(page, 10), PRINTED[5][2])


def assert_printed(shown: list[tuple[str, float]], printed: list[tuple[str, float]]) -> None:
    assert [label for label, _ in shown] == [label for label, _ in printed]
    for (_, score), (_, expected) in zip(shown, printed, strict=True):
        assert score == pytest.approx(expected, abs=1e-4)


def labels_and_scores(page: Page, rows: int) -> list[tuple[str, float]]:
    return [(label, float(score)) for _, label, score, _ in cells(page, rows)]
