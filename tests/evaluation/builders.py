"""Labelled pictures and what was found in them, by hand and from a seed."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from detector.evaluation.truth import Example, example
from detector.values import Detections
from tests.builders import noise_picture

NAMES = ("ant", "bee", "cat")
SIZE_WH = (200, 100)
Labelled = tuple[int, tuple[float, float, float, float]]  # class index; left, top, width, height in pixels
Scored = tuple[float, Labelled]


def labelled(*objects: Labelled, crowds: Sequence[bool] | None = None) -> Example:
    ids, boxes = [class_id for class_id, _ in objects], [box for _, box in objects]
    return example(Path("a.png"), ids, boxes, crowds, SIZE_WH)


def found(*scored: Scored, size_wh: tuple[int, int] = SIZE_WH) -> Detections:
    ranked = sorted(scored, key=lambda each: -each[0])
    boxes = [(x, y, x + width, y + height) for _, (_, (x, y, width, height)) in ranked]
    return Detections(
        np.array(boxes, dtype=np.float32).reshape(-1, 4),
        np.array([score for score, _ in ranked], dtype=np.float32),
        np.array([class_id for _, (class_id, _) in ranked], dtype=np.int64),
        NAMES,
        size_wh,
    )


def random_objects(rng: np.random.Generator, most: int) -> list[Labelled]:
    return [_random_object(rng) for _ in range(rng.integers(most + 1))]


def _random_object(rng: np.random.Generator) -> Labelled:
    left, top = rng.uniform(0, 60, 2).tolist()
    width, height = rng.uniform(5, 90, 2).tolist()
    return int(rng.integers(len(NAMES))), (left, top, width, height)


def random_findings(rng: np.random.Generator, objects: Sequence[Labelled]) -> list[Scored]:
    """Objects moved a little, some with another class, some missing, and some that are not there."""
    moved = [
        (
            int(rng.integers(len(NAMES))) if rng.random() < 0.2 else class_id,
            (x + rng.normal(0, 3), y + rng.normal(0, 3), width * rng.uniform(0.8, 1.2), height),
        )
        for class_id, (x, y, width, height) in objects
        if rng.random() < 0.8
    ]
    return [(float(rng.uniform(0.001, 1)), each) for each in [*moved, *random_objects(rng, 3)]]


def write_pictures(folder: Path, *names: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for seed, name in enumerate(names):
        Image.fromarray(noise_picture(*SIZE_WH, seed).pixels).save(folder / name)


def coco_content(**changes: Any) -> dict[str, Any]:
    """One picture with a cat and a crowd of ants; category ids have gaps as COCO's."""
    return {
        "images": [{"id": 7, "file_name": "a.png", "width": 200, "height": 100}],
        "categories": [{"id": 12, "name": "cat"}, {"id": 90, "name": "ant"}, {"id": 91, "name": "yak"}],
        "annotations": [
            {"id": 1, "image_id": 7, "category_id": 12, "bbox": [10, 20, 30, 40], "iscrowd": 0, "area": 9},
            {"id": 2, "image_id": 7, "category_id": 90, "bbox": [0, 0, 50, 50], "iscrowd": 1, "area": 9},
        ],
        **changes,
    }


def write_coco(path: Path, **changes: Any) -> Path:
    path.write_text(json.dumps(coco_content(**changes)))
    return path
