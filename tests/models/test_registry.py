"""The models: published facts that must not change unnoticed, and folders with one's own."""

import shutil
import struct
from hashlib import sha256
from pathlib import Path

import pytest

from detector.darknet.network import read_network
from detector.darknet.weights import read_weights
from detector.errors import ModelError
from detector.models.assets import ignore_progress
from detector.models.registry import (
    COCO_NAMES,
    YOLOV3,
    YOLOV3_TINY,
    FolderModel,
    PublishedModel,
    Registry,
    read_names,
)
from detector.models.sources import IndexSource
from detector.models.store import Store
from tests.builders import EVERY_LAYER_CFG, EVERY_LAYER_NAMES, PACKAGE_MODELS, model_files


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store.open(tmp_path / "home")


@pytest.fixture
def own(tmp_path: Path) -> Path:
    model_files(tmp_path / "own", EVERY_LAYER_CFG, EVERY_LAYER_NAMES)
    return tmp_path / "own"


PUBLISHED = pytest.mark.parametrize("model", [YOLOV3_TINY, YOLOV3], ids=lambda model: model.name)


def test_the_published_models_are_those_of_the_paper_with_their_lengths_and_hashes() -> None:
    assert Registry().names == ("yolov3-tiny", "yolov3")
    assert [(m.weights.name, m.size_bytes, m.weights.sha256) for m in (YOLOV3_TINY, YOLOV3)] == [
        (
            "yolov3-tiny.weights",
            35_434_956,
            "dccea06f59b781ec1234ddf8d1e94b9519a97f4245748a7d4db75d5b7080a42c",
        ),
        ("yolov3.weights", 248_007_048, "523e4e69e1d015393a1b0a441cef1d9c7659e3eb2d7e15f793f060a21b32f297"),
    ]


@PUBLISHED
def test_a_published_model_is_looked_for_where_cvlib_keeps_it_and_fetched_over_tls(
    model: PublishedModel,
) -> None:
    assert model.weights.other_folders == ("~/.cvlib/object_detection/yolo/yolov3",)
    web = [str(source) for source in model.weights.sources if not isinstance(source, IndexSource)]
    assert len(web) == 2
    assert all(url.startswith("https://") and url.endswith(f"/{model.weights.name}") for url in web)


@PUBLISHED
@pytest.mark.parametrize("side", [None, 320, 608])
def test_the_cfg_describes_exactly_the_published_file_at_every_side(
    model: PublishedModel, side: int | None
) -> None:
    network = read_network((PACKAGE_MODELS / f"{model.name}.cfg").read_text(), side)
    numbers = 0
    for layer in network.convolutions:
        filters = layer.shape[0]
        numbers += filters * (4 if layer.batch_normalize else 1)
        numbers += filters * layer.in_channels * layer.size**2
    assert 20 + 4 * numbers == model.size_bytes


@PUBLISHED
@pytest.mark.parametrize("change", [-4, 4], ids=["a number short", "a number over"])
def test_a_file_of_another_length_does_not_belong_to_the_cfg(
    change: int, model: PublishedModel, tmp_path: Path
) -> None:
    network = read_network((PACKAGE_MODELS / f"{model.name}.cfg").read_text())
    path = tmp_path / model.weights.name
    with path.open("wb") as file:
        file.write(struct.pack("<3iq", 0, 2, 0, 0))
        file.truncate(model.size_bytes + change)  # a hole: no disk is used
    with pytest.raises(ModelError, match="the two do not belong together, or the file is cut"):
        read_weights(path, network)


def test_a_file_of_the_published_length_is_read_with_the_cfg(tmp_path: Path) -> None:
    network = read_network((PACKAGE_MODELS / "yolov3-tiny.cfg").read_text())
    path = tmp_path / "zeros.weights"
    with path.open("wb") as file:
        file.write(struct.pack("<3iq", 0, 2, 0, 0))
        file.truncate(YOLOV3_TINY.size_bytes)
    assert len(read_weights(path, network)) == 13


@pytest.mark.parametrize(
    ("name", "convolutions", "grids"),
    [("yolov3-tiny", 13, [13, 26]), ("yolov3", 75, [13, 26, 52])],
    ids=["tiny", "full"],
)
def test_the_cfg_has_the_layers_and_heads_of_the_paper(
    name: str, convolutions: int, grids: list[int]
) -> None:
    network = read_network((PACKAGE_MODELS / f"{name}.cfg").read_text())
    assert network.input_shape == (3, 416, 416)
    assert len(network.convolutions) == convolutions
    assert [head.shape for head in network.heads] == [(255, grid, grid) for grid in grids]


def test_the_names_are_the_80_of_coco() -> None:
    names = read_names(COCO_NAMES)
    assert len(names) == len(set(names)) == 80
    assert [names[i] for i in (0, 16, 17, 47, 79)] == ["person", "dog", "horse", "apple", "toothbrush"]


def test_names_may_end_lines_in_any_way_and_have_blank_lines(tmp_path: Path) -> None:
    path = tmp_path / "own.names"
    path.write_bytes("  ant\r\n\r\nbee \nsea lion\nkäfer\n\n".encode())
    assert read_names(path) == ("ant", "bee", "sea lion", "käfer")


@pytest.mark.parametrize("data", [None, b"\xff\xfe\x00"], ids=["missing", "not text"])
def test_names_that_cannot_be_read_are_refused(data: bytes | None, tmp_path: Path) -> None:
    path = tmp_path / "own.names"
    if data is not None:
        path.write_bytes(data)
    with pytest.raises(ModelError, match=r"own\.names cannot be read as names, one a line"):
        read_names(path)


def test_a_published_models_weights_come_from_the_store_and_the_rest_from_the_package(
    tmp_path: Path, store: Store
) -> None:
    data = b"not really weights"
    asset = YOLOV3_TINY.weights
    asset = type(asset)(asset.name, len(data), sha256(data).hexdigest(), ())
    model = PublishedModel("yolov3-tiny", asset)
    assert model.where(store) is None
    store.folder.mkdir()
    (store.folder / asset.name).write_bytes(data)
    files = model.files(store, ignore_progress)
    assert files.weights == model.where(store) == store.folder / asset.name
    assert (files.cfg, files.names) == (PACKAGE_MODELS / "yolov3-tiny.cfg", COCO_NAMES)
    assert model.trust == "verified"


def test_a_folder_is_a_model_of_its_own_name(own: Path, store: Store) -> None:
    model = FolderModel(own)
    files = model.files(store, ignore_progress)
    assert (files.cfg, files.weights, files.names) == tuple(
        own / f"own.{suffix}" for suffix in ("cfg", "weights", "names")
    )
    assert files.class_names() == ("ant", "bee", "cat")
    assert (model.name, files.name, model.trust) == ("own", "own", "your own")
    assert model.where(store) == files.weights
    assert model.size_bytes == files.weights.stat().st_size
    assert not store.folder.exists()


def test_the_current_folder_has_its_own_name_too(own: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(own)
    assert FolderModel(Path()).name == "own"


@pytest.mark.parametrize("count", [0, 2])
@pytest.mark.parametrize("suffix", [".cfg", ".weights", ".names"])
def test_a_folder_with_none_or_two_of_a_kind_is_refused(
    suffix: str, count: int, own: Path, store: Store
) -> None:
    if count == 0:
        (own / f"own{suffix}").unlink()
    else:
        shutil.copy(own / f"own{suffix}", own / f"second{suffix}")
    with pytest.raises(ModelError, match=rf"own must hold exactly one \{suffix} file; it holds {count}"):
        FolderModel(own).files(store, ignore_progress)


def test_folders_join_the_published_models(own: Path) -> None:
    registry = Registry().with_folders(own)
    assert registry.names == ("yolov3-tiny", "yolov3", "own")
    assert registry.get("own") == FolderModel(own)
    assert registry.get("yolov3") is YOLOV3
    assert Registry().names == ("yolov3-tiny", "yolov3")


@pytest.mark.parametrize("name", ["missing", "own/own.cfg"], ids=["missing", "a file"])
def test_a_folder_that_is_none_is_refused(name: str, own: Path) -> None:
    with pytest.raises(ModelError, match=rf"{name} is no folder; a model is a folder with .cfg, .weights"):
        Registry().with_folders(own.parent / name)


@pytest.mark.parametrize("names", [["a/same", "b/same"], ["yolov3"]], ids=["two folders", "a published name"])
def test_two_models_of_one_name_are_refused(names: list[str], tmp_path: Path) -> None:
    folders = [tmp_path / name for name in names]
    for folder in folders:
        folder.mkdir(parents=True)
    with pytest.raises(ModelError, match=rf"two models have one name: .*{folders[0].name}; rename a folder"):
        Registry().with_folders(*folders)


def test_an_unknown_model_lists_the_known_ones(own: Path) -> None:
    with pytest.raises(ModelError, match="there is no model 'yolo'; known are yolov3-tiny, yolov3, own"):
        Registry().with_folders(own).get("yolo")
