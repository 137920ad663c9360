"""Draws bars as SVG."""

from html import escape

from figures import number

COLOURS = ["#2b6cb0", "#dd8a2e", "#8a9aa8"]
AIM = "#c0392b"
LABELS, WIDTH, VALUES = 250, 420, 70
BAR, GAP, TOP = 13, 9, 58


def svg(bars):
    """Groups from the top down, a bar for each name of the legend, and the aim as a line."""
    values = [value for _, group in bars.groups for value in group if value is not None]
    longest = max([*values, bars.line or 0])
    scale = WIDTH / longest
    group_height = BAR * len(bars.legend) + GAP
    height = TOP + group_height * len(bars.groups) + 10
    full = LABELS + WIDTH + VALUES
    out = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{full}" height="{height}" '
        f'viewBox="0 0 {full} {height}" font-family="sans-serif" font-size="11">',
        '<rect width="100%" height="100%" fill="white"/>',
        text(10, 20, bars.title, 'font-size="14" font-weight="bold"'),
    ]
    across = LABELS
    for name, colour in zip(bars.legend, COLOURS):
        out.append(rectangle(across, 32, 10, 10, colour))
        out.append(text(across + 14, 41, name))
        across += 30 + 7 * len(name)
    if bars.line is not None:
        x = LABELS + bars.line * scale
        out.append(
            f'<line x1="{x:.1f}" y1="{TOP - 6}" x2="{x:.1f}" y2="{height - 8}" '
            f'stroke="{AIM}" stroke-dasharray="4 3"/>'
        )
    down = TOP
    for label, group in bars.groups:
        middle = down + BAR * len(bars.legend) / 2 + 4
        out.append(text(LABELS - 8, middle, label, 'text-anchor="end"'))
        for value, colour in zip(group, COLOURS):
            if value is not None:
                out.append(rectangle(LABELS, down, value * scale, BAR - 2, colour))
                told = f"{number(value)} {bars.unit}".strip()
                out.append(text(LABELS + value * scale + 4, down + BAR - 3, told))
            down += BAR
        down += GAP
    return "\n".join([*out, "</svg>"]) + "\n"


def rectangle(x, y, width, height, colour):
    return f'<rect x="{x:.1f}" y="{y:.1f}" width="{width:.1f}" height="{height}" fill="{colour}"/>'


def text(x, y, words, more=""):
    return f'<text x="{x:.1f}" y="{y:.1f}" {more}>{escape(words)}</text>'.replace(" >", ">")
