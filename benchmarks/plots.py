"""The measured times as bars, one panel for each work."""

import io
import textwrap
from collections import Counter
from collections.abc import Sequence

from benchmarks.figures import Measured


def draw(measured: Sequence[Measured], about: str) -> bytes:
    """A PNG: medians with their spreads; what has no unit is left out."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    bars = Counter(one.work for one in measured if one.unit)
    rows = [count + 2 for count in bars.values()]  # a title and the numbers take two
    figure = Figure(figsize=(11, 0.22 * sum(rows) + 0.5), layout="constrained")
    panels = figure.subplots(len(bars), squeeze=False, height_ratios=rows)[:, 0]
    for axes, work in zip(panels, bars, strict=True):
        ways = [one for one in measured if one.work == work and one.unit][::-1]
        medians = [one.median for one in ways]
        spreads = [[one.median - one.spread[0] for one in ways], [one.spread[1] - one.median for one in ways]]
        axes.barh([one.name for one in ways], medians, xerr=spreads, color="#0072b2", ecolor="#555")
        axes.set_title(f"{work}, {ways[0].unit}", fontsize=10, loc="left")
        axes.tick_params(labelsize=8)
    figure.suptitle("\n".join(textwrap.wrap(about, 150)), fontsize=8)
    content = io.BytesIO()
    FigureCanvasAgg(figure).print_figure(content, format="png")
    return content.getvalue()
