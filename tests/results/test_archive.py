"""The zip file, opened by zipfile; what it holds, read by globox, pycocotools and pandas."""

import io
import weakref
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path, PurePosixPath, PureWindowsPath

import numpy as np
import pandas as pd
import pytest
from globox import AnnotationSet
from PIL import Image
from pycocotools.coco import COCO

from detector.errors import ImageError
from detector.pictures import FORMAT_OF_SUFFIX
from detector.results.archive import archive_bytes, archive_names
from detector.results.exports import Item
from detector.values import Picture
from tests.builders import noise_picture
from tests.results.test_datasets import corners, edges
from tests.results.test_exports import box_error, item_of, random_item
from tests.results.test_filenames import HOSTILE

OF_ALL = ["results.csv", "results.json", "coco.json", "data.yaml"]


def opened(items: Sequence[Item]) -> zipfile.ZipFile:
    archive = zipfile.ZipFile(io.BytesIO(archive_bytes(items)))
    assert archive.testzip() is None
    return archive


def unpacked(items: Sequence[Item], folder: Path) -> Path:
    opened(items).extractall(folder)
    return folder


def hostile_items() -> list[Item]:
    return [random_item(name, 1, seed, (24, 18)) for seed, (name, _) in enumerate(HOSTILE)]


def test_archive_holds_every_export_of_every_picture() -> None:
    items = [random_item("a.jpg", 2, names=["ant"]), random_item("b.png", 0, names=["ant"])]
    of_a = ["images/a.jpg", "annotated/a.jpg", "labels/a.txt", "Annotations/a.xml"]
    of_b = ["images/b.png", "annotated/b.png", "labels/b.txt", "Annotations/b.xml"]
    crops = ["crops/a/0001-ant.jpg", "crops/a/0002-ant.jpg"]
    assert opened(items).namelist() == [*OF_ALL, *of_a, *crops, *of_b]


def test_archive_of_no_picture_opens() -> None:
    assert opened([]).namelist() == OF_ALL


def test_hostile_names_give_entries_that_are_unique_and_inside() -> None:
    names = opened(hostile_items()).namelist()
    assert len({name.casefold() for name in names}) == len(names) == 4 + 5 * len(HOSTILE)
    for name in names:
        assert "\\" not in name
        assert not PurePosixPath(name).is_absolute()
        assert not PureWindowsPath(name).drive
        assert not {"", ".", ".."} & set(name.split("/"))


def test_hostile_names_can_all_be_unpacked_and_every_file_speaks_of_the_same_names(tmp_path: Path) -> None:
    folder = unpacked(hostile_items(), tmp_path)
    images = {path.name for path in (folder / "images").iterdir()}
    assert len(images) == len(HOSTILE)
    assert images == {entry["file_name"] for entry in COCO(str(folder / "coco.json")).dataset["images"]}
    assert images == set(AnnotationSet.from_pascal_voc(folder / "Annotations").image_ids)
    assert images == set(pd.read_csv(folder / "results.csv")["image"])
    stems = {Path(name).stem for name in images}
    assert stems == {path.stem for path in (folder / "labels").iterdir()}
    assert stems == {path.name for path in (folder / "crops").iterdir()}


@pytest.mark.parametrize(
    ("names", "given"),
    [
        (["a.jpg", "a.png"], ["a.jpg", "a-2.png"]),
        (["a.gif", "a.GIF", "b", "c.txt"], ["a.png", "a-2.png", "b.png", "c.txt.png"]),
        (["Mr. Smith", "x" * 300], ["Mr. Smith.png", "x" * 96 + ".png"]),
    ],
    ids=["same stem", "suffix that cannot be written", "no suffix"],
)
def test_pictures_get_names_that_fit_what_is_written(names: list[str], given: list[str]) -> None:
    assert archive_names(names) == given


def test_same_stem_keeps_its_own_picture_and_labels(tmp_path: Path) -> None:
    items = [random_item("a.jpg", 3, 1, (64, 48)), random_item("a.png", 4, 2, (96, 32))]
    folder = unpacked(items, tmp_path)
    for item, name, stem in zip(items, ["a.jpg", "a-2.png"], ["a", "a-2"], strict=True):
        with Image.open(folder / "images" / name) as image:
            assert image.size == item.found.size_wh
        assert len((folder / "labels" / f"{stem}.txt").read_text().splitlines()) == len(item.found)


def test_globox_reads_the_unpacked_folders_as_yolo_and_as_voc(tmp_path: Path) -> None:
    items = [random_item(f"{seed}.jpg", 4 * seed, seed, (300 + seed, 200)) for seed in range(3)]
    folder = unpacked(items, tmp_path)
    yolo = AnnotationSet.from_yolo_darknet(folder / "labels", image_folder=folder / "images")
    voc = AnnotationSet.from_pascal_voc(folder / "Annotations")
    assert len(yolo) == len(voc) == 3
    for item in items:
        assert yolo[item.name].image_size == voc[item.name].image_size == item.found.size_wh
        assert box_error(corners(yolo[item.name].boxes), item.found.boxes) < 0.5
        assert box_error(edges(voc[item.name].boxes), item.found.boxes) <= 1


@pytest.mark.parametrize("suffix", FORMAT_OF_SUFFIX)
def test_pictures_are_of_the_format_that_their_suffix_names(suffix: str) -> None:
    with opened([random_item(f"a{suffix}")]) as archive:
        for folder in ("images", "annotated"):
            image = Image.open(archive.open(f"{folder}/a{suffix}"))
            assert (image.format, image.size) == (FORMAT_OF_SUFFIX[suffix], (317, 211))


def test_lossless_picture_comes_back_as_it_was() -> None:
    image = Image.open(opened([random_item("a.png")]).open("images/a.png"))
    assert np.array_equal(np.asarray(image), noise_picture(317, 211).pixels)


def test_same_items_give_the_same_bytes_with_fixed_times() -> None:
    items = [random_item("a.jpg"), random_item("b.png", seed=1)]
    assert archive_bytes(items) == archive_bytes(items)
    assert {info.date_time for info in opened(items).infolist()} == {(1980, 1, 1, 0, 0, 0)}


def test_pictures_are_stored_and_texts_deflated() -> None:
    for info in opened([random_item("a.jpg")]).infolist():
        is_picture = Path(info.filename).suffix in FORMAT_OF_SUFFIX
        assert info.compress_type == (zipfile.ZIP_STORED if is_picture else zipfile.ZIP_DEFLATED)


def test_each_picture_is_decoded_once_and_let_go_before_the_next() -> None:
    decoded: list[weakref.ref[Picture]] = []

    def decode() -> Picture:
        assert not any(earlier() for earlier in decoded)
        picture = noise_picture(317, 211)
        decoded.append(weakref.ref(picture))
        return picture

    archive_bytes([replace(random_item(f"{seed}.png", 2, seed), picture=decode) for seed in range(3)])
    assert len(decoded) == 3


def test_picture_too_large_for_its_format_is_told() -> None:
    with pytest.raises(ImageError, match="write PNG instead"):
        archive_bytes([item_of("a.webp", size_wh=(17_000, 1))])
