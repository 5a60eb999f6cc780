"""A page of plots of one or two evaluations: precision and recall, calibration, every class."""

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from detector.evaluation.report import Evaluated, class_rows
from detector.evaluation.scores import ClassScores

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_COLOURS = ("#0072b2", "#d55e00")  # told apart by the colour-blind too (Okabe and Ito)


def draw_plots(ways: Sequence[Evaluated]) -> bytes:
    """A PNG: precision over recall, precision over score, and AP50 of each class."""
    # No pyplot: it keeps every figure in one global list and may want a display.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=(14, 10), layout="constrained")
    canvas = FigureCanvasAgg(figure)
    axes = figure.subplot_mosaic([["curve", "calibration"], ["classes", "classes"]])
    _curves(axes["curve"], ways)
    _calibration(axes["calibration"], ways)
    _classes(axes["classes"], ways)
    titles = [f"{letter}: {way.title}" for letter, way in zip("AB", ways, strict=False)]
    scores = ways[0].scores
    figure.suptitle(
        "\n".join([*titles, f"{scores.pictures} pictures, {scores.objects} objects"]), fontsize=11
    )
    content = io.BytesIO()
    canvas.print_figure(content, format="png")
    return content.getvalue()


def _curves(axes: "Axes", ways: Sequence[Evaluated]) -> None:
    for letter, colour, way in zip("AB", _COLOURS, ways, strict=False):
        curve = np.array(way.scores.curve, dtype=np.float64)  # (101,)
        label = f"{letter}: mAP50 {100 * (way.scores.ap50 or 0):.1f}"
        axes.plot(np.linspace(0, 1, len(curve)), curve, color=colour, label=label)
    axes.set(
        title="Precision and recall at IoU 0.5, mean of the classes", xlabel="recall", ylabel="precision"
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend()


def _calibration(axes: "Axes", ways: Sequence[Evaluated]) -> None:
    """On the diagonal, of what scores 0.8 four in five are right. The numbers say how many detections a point is."""
    axes.plot([0, 1], [0, 1], color="grey", linestyle="dotted")
    for letter, colour, way in zip("AB", _COLOURS, ways, strict=False):
        told = [each for each in way.scores.calibration if each.detections]
        error = way.scores.calibration_error
        label = f"{letter}: error {'-' if error is None else f'{100 * error:.1f}'}"
        points = [(each.score or 0.0, each.precision or 0.0) for each in told]
        axes.plot([x for x, _ in points], [y for _, y in points], "o-", color=colour, label=label)
        for each, point in zip(told, points, strict=True):
            place = (4, -11) if letter == "A" else (4, 5)
            axes.annotate(
                str(each.detections), point, place, textcoords="offset points", fontsize=7, color=colour
            )
    axes.set(
        title="Calibration: how often a score is right at IoU 0.5", xlabel="mean score", ylabel="share right"
    )
    axes.set(xlim=(0, 1), ylim=(0, 1.02))
    axes.grid(alpha=0.3)
    axes.legend()


def _classes(axes: "Axes", ways: Sequence[Evaluated]) -> None:
    rows = class_rows([way.scores for way in ways])
    places, width = np.arange(len(rows)), 0.8 / len(ways)
    for index, colour in zip(range(len(ways)), _COLOURS, strict=False):
        heights = [_ap50(each[index]) for _, each in rows]
        axes.bar(
            places + (index - (len(ways) - 1) / 2) * width, heights, width, color=colour, label="AB"[index]
        )
    labels = [f"{name} ({next(one.objects for one in each if one)})" for name, each in rows]
    axes.set_xticks(places, labels, rotation=90, fontsize=8)
    axes.set(title="AP50 of each class (labelled objects)", ylabel="AP50", ylim=(0, 1.02))
    axes.margins(x=0.01)
    axes.grid(axis="y", alpha=0.3)
    axes.legend()


def _ap50(own: ClassScores | None) -> float:
    return (own.ap50 if own else None) or 0.0
