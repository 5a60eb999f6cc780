"""Parts: rows in Parquet files, written whole, read as one."""

from pathlib import Path

import pytest

pytest.importorskip("pyarrow", reason="pyarrow is not installed")

from detector.addresses import Folder
from detector.errors import DetectorError
from detector.results.parts import SCHEMA, done, is_empty, read_rows, write_part
from detector.results.rows import Recipe, Row
from detector.settings import Settings

RECIPE = Recipe(Settings(), "aa")
FOUND = {"label": "cat", "class_id": 1, "score": 0.5, "xmin": 1.0, "ymin": 2.0, "xmax": 3.0, "ymax": 4.5}


def row(address: str, error: str = "", recipe: Recipe = RECIPE) -> Row:
    return {
        "address": address,
        "error": error,
        "width": 0 if error else 8,
        "height": 0 if error else 6,
        "detections": [] if error else [FOUND],
        "notes": "",
        "model": recipe.settings.model,
        "engine": recipe.settings.engine,
        "settings": recipe.text(),
    }


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder.at(str(tmp_path / "rows"))


def test_rows_come_back_as_they_were_by_address(folder: Folder) -> None:
    assert is_empty(folder)
    write_part(folder, [row("c"), row("a")])
    write_part(folder, [row("b", "it is cut")])
    assert not is_empty(folder)
    assert read_rows(folder).to_pylist() == [row("a"), row("b", "it is cut"), row("c")]


def test_a_folder_without_parts_has_no_rows(folder: Folder) -> None:
    assert read_rows(folder).to_pylist() == []
    assert read_rows(folder).schema == SCHEMA


def test_a_part_written_again_replaces_itself(folder: Folder) -> None:
    write_part(folder, [row("a", "gone")])
    write_part(folder, [row("a")])
    assert len(folder.names()) == 1
    assert read_rows(folder).to_pylist() == [row("a")]


def test_of_an_address_that_was_tried_again_the_row_without_an_error_holds(folder: Folder) -> None:
    write_part(folder, [row("a"), row("b", "gone")])
    write_part(folder, [row("b")])
    write_part(folder, [row("b", "again gone"), row("c", "gone")])
    write_part(folder, [row("c", "gone"), row("d")])
    assert read_rows(folder).to_pylist() == [row("a"), row("b"), row("c", "gone"), row("d")]


def test_done_is_what_has_a_row_without_an_error(folder: Folder) -> None:
    assert done(folder, RECIPE) == set()
    write_part(folder, [row("a"), row("b", "gone")])
    write_part(folder, [row("c")])
    assert done(folder, RECIPE) == {"a", "c"}


def test_rows_of_other_settings_are_refused_with_what_differs(folder: Folder) -> None:
    write_part(folder, [row("a")])
    other = Recipe(Settings(confidence=0.2), "bb")
    expected = (
        r"rows/part-\w+\.parquet holds rows of other settings \(confidence 0.5 there, 0.2 here, model_sha256 aa there,"
        r" bb here\); choose another folder"
    )
    with pytest.raises(DetectorError, match=expected):
        done(folder, other)


def test_files_that_are_no_parts_are_told_or_left_alone(folder: Folder) -> None:
    write_part(folder, [row("a")])
    folder.write("notes.txt", b"mine")
    folder.write(".12.part", b"half")
    assert done(folder, RECIPE) == {"a"}
    for content in (b"", b"PAR1 and no more"):
        folder.write("part-x.parquet", content)
        with pytest.raises(DetectorError, match=r"part-x\.parquet holds no rows of this detector: "):
            done(folder, RECIPE)


def test_parquet_of_somebody_else_is_told(folder: Folder) -> None:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    buffer = io.BytesIO()
    pq.write_table(pa.table({"address": ["a"]}), buffer)
    folder.write("part-x.parquet", buffer.getvalue())
    for read in (lambda: done(folder, RECIPE), lambda: read_rows(folder)):
        with pytest.raises(DetectorError, match=r"part-x\.parquet holds no rows of this detector: "):
            read()


def test_parts_of_nothing_but_errors_are_read_as_one_with_the_others(folder: Folder) -> None:
    """A column with nothing but nulls would make pyarrow, and so pandas, refuse the folder."""
    import pyarrow.parquet as pq

    write_part(folder, [row("a", "gone"), row("b", "gone")])
    write_part(folder, [row("c")])
    table = pq.read_table(folder.address)
    assert table.schema.equals(SCHEMA)
    assert sorted(table["address"].to_pylist()) == ["a", "b", "c"]
    assert sum(column.null_count for column in table.columns) == 0
