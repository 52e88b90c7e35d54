"""The same rows as a picture: one panel a workload, one bar a server, whiskers for the spread."""

import html
import pathlib

PANEL_WIDTH, NAME_WIDTH, VALUE_WIDTH = 560, 130, 120
BAR_HEIGHT, BAR_GAP, HEAD_HEIGHT, MARGIN = 18, 7, 46, 20
TOP = 120  # Below the title and three lines on how it was measured.
COLOURS = {"ours": "#0b6e4f", "peer": "#7a93ac", "ceiling": "#d9d4c7"}
INK, PALE, PAPER = "#1d2329", "#6a737d", "#ffffff"
STYLE = f"""<style>
text {{ font: 13px system-ui, 'DejaVu Sans', sans-serif; fill: {INK}; }}
.title {{ font-size: 20px; font-weight: 600; }}
.panel {{ font-size: 14px; font-weight: 600; }}
.pale {{ fill: {PALE}; font-size: 12px; }}
.name {{ text-anchor: end; }}
</style>"""


def text(x, y, words, kind=""):
    attribute = f' class="{kind}"' if kind else ""
    return f'<text x="{x:.1f}" y="{y:.1f}"{attribute}>{html.escape(words)}</text>'


def rectangle(x, y, width, height, colour):
    return (f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height:.1f}" '
            f'rx="2" fill="{colour}"/>')


def whisker(x_low, x_high, y):
    half = BAR_HEIGHT / 4
    ends = "".join(f"M{x:.1f} {y - half:.1f}v{2 * half:.1f}" for x in (x_low, x_high))
    return f'<path d="M{x_low:.1f} {y:.1f}H{x_high:.1f}{ends}" stroke="{INK}" fill="none"/>'


def measure_of(workload, row):
    """(spread, words for a value, words for the axis)."""
    if workload.transport == "latency":
        return row.p99_us, lambda value: f"{value:,.0f} µs", "99th percentile, less is better"
    return (row.core_rate, lambda value: f"{value / 1000:,.1f} k/s",
            "answers a second of one full core, more is better")


def bar(row, spread, words, y, scale, x):
    middle = y + BAR_HEIGHT / 2
    ratio = f" · {row.to_best_peer.median:.2f}×" if row.to_best_peer else ""
    parts = [text(x + NAME_WIDTH - 8, middle + 4.5, row.title, "name"),
             rectangle(x + NAME_WIDTH, y, spread.median * scale, BAR_HEIGHT, COLOURS[row.kind]),
             whisker(x + NAME_WIDTH + spread.low * scale, x + NAME_WIDTH + spread.high * scale,
                     middle),
             text(x + NAME_WIDTH + spread.high * scale + 6, middle + 4.5,
                  words(spread.median) + ratio)]
    return parts


def panel_height(rows):
    return HEAD_HEIGHT + max(1, len(rows)) * (BAR_HEIGHT + BAR_GAP) + MARGIN


def panel(workload, rows, x, y):
    shown = [row for row in rows if row.core_rate]
    axis = measure_of(workload, shown[0])[2] if shown else "no run counted"
    parts = [text(x, y + 16, f"{workload.name}: {workload.title}", "panel"),
             text(x, y + 33, axis, "pale")]
    top = max((measure_of(workload, row)[0].high for row in shown), default=1)
    scale = (PANEL_WIDTH - NAME_WIDTH - VALUE_WIDTH) / top
    for number, row in enumerate(shown):
        spread, words, _ = measure_of(workload, row)
        parts += bar(row, spread, words, y + HEAD_HEIGHT + number * (BAR_HEIGHT + BAR_GAP),
                     scale, x)
    return parts


def draw(path, found, subtitles):
    """Panels in two columns, filled from the shorter one."""
    heights = [TOP, TOP]
    parts = []
    for workload, _, rows in found:
        column = heights.index(min(heights))
        parts += panel(workload, rows, MARGIN + column * (PANEL_WIDTH + MARGIN), heights[column])
        heights[column] += panel_height(rows)
    columns = 2 if heights[1] > TOP else 1
    width, height = MARGIN + columns * (PANEL_WIDTH + MARGIN), max(heights)
    head = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
            f'width="{width}" height="{height}">', STYLE,
            f'<rect width="{width}" height="{height}" fill="{PAPER}"/>',
            text(MARGIN, 32, "DNS servers on one core", "title"),
            *(text(MARGIN, 52 + 17 * i, words, "pale") for i, words in enumerate(subtitles))]
    pathlib.Path(path).write_text("\n".join([*head, *parts, "</svg>"]) + "\n")
