"""How the figures' look of a label becomes that of a page, on light and on dark ground."""

from __future__ import annotations

from typing import Any, Final

from matplotlib.colors import to_hex, to_rgb

from reports.figures.style import Style

DARK: Final = "#15181c"  # the page's ground at night; page.css has the same
LEAST_CONTRAST: Final = 4.0  # with it; WCAG asks 3 of marks
_STROKE: Final = 1.6  # pixels; dashes of figures are in widths of the line


def look(style: Style) -> dict[str, Any]:
    """Return colour, colour on dark ground, marker and dashes of a label."""
    lengths = () if isinstance(style.dash, str) else style.dash[1]  # the only text is a solid line
    return {
        "colour": to_hex(style.colour),
        "dark": on_dark(style.colour),
        "marker": style.marker,
        "dash": " ".join(f"{_STROKE * length:.1f}" for length in lengths),
    }


def on_dark(colour: str) -> str:
    """Mix a colour with white until it stands out from dark ground."""
    red, green, blue = to_rgb(colour)
    for step in range(101):
        white = step / 100
        mixed = (
            red + white * (1 - red),
            green + white * (1 - green),
            blue + white * (1 - blue),
        )
        if contrast(mixed, to_rgb(DARK)) >= LEAST_CONTRAST:
            return to_hex(mixed)
    return "#ffffff"


def contrast(one: tuple[float, ...], other: tuple[float, ...]) -> float:
    """Return the contrast of two sRGB colours, 1 to 21 (WCAG 2.2, contrast ratio)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: tuple[float, ...]) -> float:
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in colour]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]
