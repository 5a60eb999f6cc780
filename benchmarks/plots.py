"""The measured times as bars, one panel for each work."""

import io
from collections.abc import Sequence

from benchmarks.figures import Measured


def draw(measured: Sequence[Measured], about: str) -> bytes:
    """A PNG: medians with their spreads; what has no unit is left out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    works = list(dict.fromkeys(one.work for one in measured if one.unit))
    figure = Figure(figsize=(11, 2.2 * len(works)), layout="constrained")
    for axes, work in zip(figure.subplots(len(works), squeeze=False)[:, 0], works, strict=True):
        ways = [one for one in measured if one.work == work and one.unit][::-1]
        medians = [one.median for one in ways]
        spreads = [[one.median - one.spread[0] for one in ways], [one.spread[1] - one.median for one in ways]]
        axes.barh([one.name for one in ways], medians, xerr=spreads, color="#0072b2", ecolor="#555")
        axes.set_title(f"{work}, {ways[0].unit}", fontsize=10, loc="left")
        axes.tick_params(labelsize=8)
    figure.suptitle(about, fontsize=7)
    content = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(content, format="png")
    return content.getvalue()
