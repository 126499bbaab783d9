"""What a notebook shows of label maps and of results; nothing of it imports IPython."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

_LARGE = 640  # px: smaller pictures are enlarged by a whole number, so that lines are thin
_COLUMN = 14  # em: the least width of each of several pictures, which are all as wide
_LINE, _HALO = (255, 225, 77), (0, 0, 0)  # bright on dark is seen on any ground


@dataclass(frozen=True)
class Shown:
    """Pictures of label maps beside each other, as HTML without anything outside of it."""

    pictures: Sequence[NDArray[np.uint8]]
    captions: Sequence[str]

    def _repr_html_(self) -> str:
        """Return what Jupyter shows."""
        from html import escape

        widest = max(picture.shape[1] for picture in self.pictures)
        column = f"{_COLUMN}em" if len(self.captions) > 1 else f"{widest}px"
        figures = (
            f'<figure style="margin:0;max-width:{picture.shape[1]}px">'
            f'<img src="{_data_uri(picture)}" alt="{escape(caption)}" style="width:100%">'
            f"<figcaption>{escape(caption)}</figcaption></figure>"
            for picture, caption in zip(self.pictures, self.captions, strict=True)
        )
        return (
            '<div style="display:grid;gap:1em;grid-template-columns:'
            f'repeat(auto-fill,minmax(min({column},100%),1fr))">{"".join(figures)}</div>'
        )

    def __repr__(self) -> str:
        return "; ".join(self.captions)


@dataclass(frozen=True)
class Tables:
    """Tables in Markdown, which Jupyter sets and a terminal prints."""

    text: str

    def _repr_markdown_(self) -> str:
        """Return what Jupyter shows."""
        return self.text

    def __repr__(self) -> str:
        return self.text


def show(labels: ArrayLike | Mapping[str, ArrayLike], image: ArrayLike | None = None) -> Shown:
    """Show a label map, or several beside each other, in a notebook.

    Parameters
    ----------
    labels : (H, W) array of int, or mapping of str to such arrays
        Labels from 0, gaps allowed; of several, each under its name.
    image : (H, W, 3) or (H, W) array, optional
        uint8, or float in [0, 1]. Boundaries are drawn on it; without it each superpixel has a
        colour of its own.

    Returns
    -------
    Shown
        Has ``_repr_html_``; its text says how many superpixels there are.

    Raises
    ------
    ValueError
        If there is no label map, or one is none, has negative labels, or does not fit the image.

    Examples
    --------
    >>> import numpy as np
    >>> show(np.repeat([[0, 0, 1, 1]], 4, axis=0))
    2 superpixels
    """
    from metrics.inputs import as_image, as_plain, check_shape
    from reports.data.words import counted

    several = isinstance(labels, Mapping)
    given = labels if isinstance(labels, Mapping) else {"": labels}
    if not given:
        raise ValueError("there is no label map to show: pass one, or a name with each of several")
    pictures, captions = [], []
    for name, each in given.items():
        what = f"labels[{name!r}]" if several else "labels"
        array: NDArray[Any] = as_plain(each, what)
        check_shape(array, what, None)
        if array.min() < 0:
            raise ValueError(
                f"{what} has the negative value {array.min()}: labels are 0 or greater; give "
                "pixels that do not count a label of their own"
            )
        pixels = as_image(image, array.shape)
        pictures.append(_picture(array, pixels))
        count = counted(len(set(array.ravel().tolist())), "superpixel")
        captions.append(f"{name}: {count}" if str(name) else count)
    return Shown(pictures, captions)


def show_results(
    results: str | Path, metrics: Sequence[str] = (), only: Sequence[str] = ("*",)
) -> Tables:
    """Show the summary of a results file in a notebook: what ``bench plot`` writes as Markdown.

    Parameters
    ----------
    results : str or Path
        What ``bench run`` wrote.
    metrics : sequence of str
        Ids; what papers report most unless given.
    only : sequence of str
        Patterns of the labels to show, such as ``SLIC*``.

    Returns
    -------
    Tables
        A table for each asked count, mean ± half of the 95 % interval.

    Raises
    ------
    reports.data.schema.ResultsError
        If the file cannot be used, lacks a metric, or holds what must not be averaged.
    """
    from metrics import get_metric
    from reports.data.align import align
    from reports.data.choose import choose_labels
    from reports.data.facts import file_facts
    from reports.data.mixture import together
    from reports.data.results import load_scores
    from reports.statistics.aggregate import analyse
    from reports.tables.summary import headline, markdown

    path = Path(results)
    facts = file_facts(path)
    usual = headline(facts.protocol)
    wanted = [get_metric(metric).id for metric in dict.fromkeys(metrics)]
    scores = load_scores(path, wanted or usual[:1], usual)
    frame, apart = together(choose_labels(scores, only, ()), allow_mixed=False)
    facts = replace(facts, apart=tuple(apart))
    shown = [metric for metric in (wanted or usual) if metric in frame]
    return Tables("\n".join(markdown(analyse(each, shown, facts)) for each in align(frame, shown)))


def _picture(labels: NDArray[Any], image: NDArray[np.uint8] | None) -> NDArray[np.uint8]:
    """Draw the boundaries of labels on the image, or the labels in colours."""
    import numpy as np

    factor = max(1, _LARGE // max(labels.shape))
    fine = labels.repeat(factor, axis=0).repeat(factor, axis=1)
    if image is None:
        _, index = np.unique(fine, return_inverse=True)
        colours = np.random.default_rng(0).integers(90, 256, (int(index.max()) + 1, 3))
        return colours[index.reshape(fine.shape)].astype(np.uint8)
    picture = image.repeat(factor, axis=0).repeat(factor, axis=1)
    line = np.zeros(fine.shape, bool)
    line[:-1] |= fine[1:] != fine[:-1]
    line[:, :-1] |= fine[:, 1:] != fine[:, :-1]
    if factor > 1:  # on one pixel in size there is no place for a halo
        halo = line.copy()
        halo[1:] |= line[:-1]
        halo[:, 1:] |= line[:, :-1]
        halo[:-1] |= line[1:]
        halo[:, :-1] |= line[:, 1:]
        picture[halo] = _HALO
    picture[line] = _LINE
    return picture


def _data_uri(picture: NDArray[np.uint8]) -> str:
    import base64
    import io

    from PIL import Image

    file = io.BytesIO()
    Image.fromarray(picture).save(file, "PNG", optimize=True)
    return f"data:image/png;base64,{base64.b64encode(file.getvalue()).decode()}"
