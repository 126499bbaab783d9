"""Pages on the metrics: what each declares, its formula, and what it makes of made-up labels."""

import io
import tomllib
from pathlib import Path

import metric_scenes as scenes
from writing import linked, pictures, plain, table, write

from metrics import METRICS, RECORDED, evaluate

HERE = Path(__file__).parent
OUT = HERE.parent / "metrics"

ARROWS = {"high": "↑ higher is better", "low": "↓ lower is better", None: "neither way is better"}
NEEDS = {"truth": "annotators", "image": "the image", "n": "the count asked for"}
GOOD = "fits"  # the label map that all others are held against
LEAST_SEEN = 0.02  # relative loss that counts as seen,
MOST_MISSED = 0.01  # and as not


def make(_):
    """Write pictures, tables and a page for each family."""
    notes = tomllib.loads((HERE / "metrics.toml").read_text("utf-8"))
    families = notes.pop("families")
    if notes.keys() != METRICS.keys():
        odd = ", ".join(sorted(notes.keys() ^ METRICS.keys()))
        raise ValueError(f"docs/extensions/metrics.toml and metrics differ in {odd}: add or remove")
    scores = {
        name: evaluate(labels, scenes.TRUTH, scenes.IMAGE, scenes.N, metrics=list(METRICS))
        for name, (_, labels) in scenes.MAPS.items()
    }
    for name in scenes.MAPS:
        file = io.BytesIO()
        scenes.draw(name).save(file, "PNG", optimize=True)
        write(_picture(name), file.getvalue())
    by_family = {family: [] for family in families}
    for each in METRICS.values():
        by_family[_family(each)].append(each)
    write(OUT / "_list.md", _list(by_family))
    write(OUT / "_scenes.md", _scenes() + "\n")
    write(OUT / "_scores.md", _scores(scores))
    for family, members in by_family.items():
        texts = [_section(each, notes[each.id], scores) for each in members]
        title, intro = families[family]["title"], families[family]["text"].strip()
        write(OUT / f"{family}.md", f"# {title}\n\n{intro}\n\n" + "\n\n".join(texts) + "\n")


def _family(metric):
    return metric.origin.partition(":")[0].rpartition(".")[2]


def _picture(name):
    return OUT / "scenes" / f"{name.replace(' ', '-')}.png"


def _show(value):
    if (value == int(value) and value >= 2) or value >= 1000:
        return f"{value:.0f}"
    return f"{value:.3f}" if abs(value) < 10 else f"{value:.1f}"


def _list(by_family):
    rows = [
        [
            f"[`{each.id}`](metrics/{family}.md#{_anchor(each)})",
            each.title + ("" if each.id in RECORDED else " (on request)"),
            {"high": "↑", "low": "↓", None: ""}[each.direction],
            ", ".join(NEEDS[need] for need in sorted(each.needs, reverse=True)) or "labels only",
        ]
        for family, members in by_family.items()
        for each in members
    ]
    return table(["id", "metric", "", "needs"], rows) + "\n"


def _scenes():
    return pictures("2 3 3 4", [_tile(name, f"**{name}**: {_words(name)}") for name in scenes.MAPS])


def _tile(name, caption):
    return f"metrics/scenes/{_picture(name).name}", _words(name), caption


def _words(name):
    return scenes.MAPS[name][0]


def _scores(scores):
    rows = [[f"`{id}`", *(_show(scores[name][id]) for name in scenes.MAPS)] for id in METRICS]
    return table(["", *scenes.MAPS], rows, numbers=True) + "\n"


def _anchor(metric):
    return f"metric-{metric.id.replace('_', '-')}"


def _section(each, note, scores):
    low, high = (("∞" if end == float("inf") else f"{end:.4g}") for end in each.range)
    facts = [
        f"- {ARROWS[each.direction]}; {low} to {high}{f' {each.unit}' if each.unit else ''}",
        "- needs " + (", ".join(NEEDS[need] for need in sorted(each.needs)) or "labels only"),
        f"- undefined: {each.undefined}",
        f"- source: {linked(each.reference)}",
    ]
    if each.id not in RECORDED:
        facts.append(f"- computed on request: `--metrics default,{each.id}`")
    lines = [
        f"({_anchor(each)})=",
        f"## {each.title} (`{each.id}`)",
        "",
        f"$$\n{note['formula']}\n$$",
        "",
        *facts,
        "",
        _seen_and_missed(each, note, scores),
        "",
        plain(each.limits),
    ]
    return "\n".join(lines)


def _seen_and_missed(each, note, scores):
    """Show the good label map, one that the metric holds to be worse, and one that it does not."""
    value = {name: scores[name][each.id] for name in scenes.MAPS}
    tiles = [_tile(GOOD, f"`{each.id}` **{_show(value[GOOD])}**: {_words(GOOD)}")]
    for key, said, holds in (
        ("sees", "Sees it.", lambda loss: loss >= LEAST_SEEN),
        ("misses", "Does not see it.", lambda loss: loss <= MOST_MISSED),
    ):
        name = note.get(key)
        if name is None:
            continue
        loss = _loss(each, value[GOOD], value[name])
        if not holds(loss):
            raise ValueError(f"metrics.toml: not true that {each.id} {key} {name!r}: {loss:.3f}")
        tiles.append(_tile(name, f"**{_show(value[name])}**: {_words(name)}. *{said}*"))
    return pictures("1 3 3 3", tiles)


def _loss(each, first, second):
    """Return by how much the second value is worse than the first, as a share of it."""
    change = {"high": first - second, "low": second - first, None: abs(first - second)}
    return change[each.direction] / (abs(first) or 1e-9)


def setup(app):
    """Write the pages before Sphinx looks for them."""
    app.connect("builder-inited", make)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
