"""Rows as Parquet files in a folder, here or far away; each file is there whole or not at all."""

import io
from collections.abc import Iterable, Sequence
from functools import partial
from hashlib import sha256

import pyarrow as pa
import pyarrow.parquet as pq

from detector.addresses import Folder
from detector.ahead import in_order
from detector.errors import DetectorError
from detector.results.rows import Recipe, Row

_DETECTION = pa.struct(
    [
        ("label", pa.string()),
        ("class_id", pa.int32()),
        ("score", pa.float32()),
        ("xmin", pa.float32()),
        ("ymin", pa.float32()),
        ("xmax", pa.float32()),
        ("ymax", pa.float32()),
    ]
)
# No column ever holds nothing but nulls: a folder of Parquet files cannot be read as one where one file's does.
SCHEMA = pa.schema(
    [
        ("address", pa.string()),
        ("error", pa.string()),
        ("width", pa.int32()),
        ("height", pa.int32()),
        ("detections", pa.list_(_DETECTION)),
        ("notes", pa.string()),
        ("model", pa.string()),
        ("engine", pa.string()),
        ("settings", pa.string()),
    ]
)
_READERS = 16  # files that are read at once; a bucket answers slowly, and many at a time


def write_part(folder: Folder, rows: Sequence[Row]) -> None:
    """Write rows as one file, named after their addresses: who writes it again replaces it. Raises DetectorError."""
    buffer = io.BytesIO()
    pq.write_table(pa.Table.from_pylist(list(rows), schema=SCHEMA), buffer)
    folder.write(_name(row["address"] for row in rows), buffer.getvalue())


def read_rows(folder: Folder) -> pa.Table:
    """One row for each address, by address. Raises DetectorError.

    An address that was tried again has several: one without an error holds; of several with an error any one does.
    """
    tables = [table for _, table in in_order(partial(_read, folder), _names(folder), _READERS)]
    table = pa.concat_tables(tables or [SCHEMA.empty_table()])
    table = table.sort_by([("address", "ascending"), ("error", "ascending")])  # "", no error, comes first
    addresses = table["address"].to_pylist()
    first = [i for i, address in enumerate(addresses) if not i or address != addresses[i - 1]]
    return table.take(pa.array(first, pa.int64()))


def done(folder: Folder, recipe: Recipe) -> set[str]:
    """The addresses that have a row without an error there.

    Raises DetectorError where rows of another recipe lie there, or what is no part.
    """
    read = partial(_read, folder, columns=["address", "error", "settings"])
    good: set[str] = set()
    for name, table in in_order(read, _names(folder), _READERS):
        for text in table["settings"].unique().to_pylist():
            if differences := recipe.differences(text):
                raise DetectorError(
                    f"{folder.address}/{name} holds rows of other settings ({differences}); choose another folder"
                )
        errors = table["error"].to_pylist()
        addresses = table["address"].to_pylist()
        good.update(a for a, error in zip(addresses, errors, strict=True) if not error)
    return good


def is_empty(folder: Folder) -> bool:
    """Whether no part lies there. Raises DetectorError."""
    return not _names(folder)


def _name(addresses: Iterable[str]) -> str:
    return f"part-{sha256(chr(10).join(addresses).encode()).hexdigest()[:24]}.parquet"


def _names(folder: Folder) -> list[str]:
    return [name for name in folder.names() if name.startswith("part-") and name.endswith(".parquet")]


def _read(folder: Folder, name: str, columns: list[str] | None = None) -> pa.Table:
    try:
        table = pq.read_table(io.BytesIO(folder.read(name)), columns=columns)
        return table.select(columns or SCHEMA.names)
    except (pa.ArrowInvalid, KeyError, OSError) as error:
        raise DetectorError(f"{folder.address}/{name} holds no rows of this detector: {error}") from error
