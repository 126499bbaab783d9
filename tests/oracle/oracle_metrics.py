"""Every metric once more, slowly and plainly, straight from its formula: what the fast ones equal.

Shares nothing with the package. Pixels are visited one by one, pairs are kept in dictionaries, and
void pixels are left out where they are met.
"""

import math
from collections import Counter, defaultdict

import numpy as np
from scipy import ndimage

NAN = float("nan")
OVERLAP = ("asa", "ue_bergh", "ue_np", "ue_levin", "ue_slic", "oe", "pri", "vi", "sc")
BOUNDARY = ("br_r0", "br_r1", "br_r2", "br_r3", "bp_r2", "bf_r2", "mde", "hd95")


def oracle(labels, truths, image=None, n=None, void=None):
    """Return what `evaluate` returns, for inputs that need no conversion."""
    void = np.zeros(labels.shape, bool) if void is None else void
    scores = {**colours(labels, image, void), **shape(labels, void)}
    scores["count_error"] = NAN if n is None else abs(scores["n_labels"] - n) / n
    each = [{**overlap(labels, truth, void), **boundary(labels, truth, void)} for truth in truths]
    for name in (*OVERLAP, *BOUNDARY):
        values = [one[name] for one in each]
        scores[name] = mean_where_defined(values)
        scores[f"{name}_by_annotator"] = values
    return scores


def mean_where_defined(values):
    defined = [value for value in values if value == value]
    return sum(defined) / len(defined) if defined else NAN


def pixels(void):
    """Yield the scored pixels."""
    height, width = void.shape
    for y in range(height):
        for x in range(width):
            if not void[y, x]:
                yield y, x


def neighbours(y, x, void):
    """Yield the 4 neighbours that are in the image and scored."""
    height, width = void.shape
    for v, u in ((y - 1, x), (y + 1, x), (y, x - 1), (y, x + 1)):
        if 0 <= v < height and 0 <= u < width and not void[v, u]:
            yield v, u


def overlap(labels, truth, void):
    s, g = labels.tolist(), truth.tolist()
    n = Counter((s[y][x], g[y][x]) for y, x in pixels(void))
    size_s, size_g = Counter(), Counter()
    for (j, i), count in n.items():
        size_s[j] += count
        size_g[i] += count
    total = sum(n.values())

    asa = sum(max(n[j, i] for i in size_g) for j in size_s) / total
    np_error = sum(min(n[j, i], size_s[j] - n[j, i]) for j in size_s for i in size_g) / total
    levin = sum(
        (sum(size_s[j] for j in size_s if n[j, i] > 0) - size_g[i]) / size_g[i] for i in size_g
    ) / len(size_g)
    # 0.05 as a fraction, so that "more than 5 %" has no rounding.
    slic = (
        sum(size_s[j] for i in size_g for j in size_s if n[j, i] * 100 > 5 * size_s[j]) - total
    ) / total
    oversegmentation = sum(size_g[i] - max(n[j, i] for j in size_s) for i in size_g) / total

    both = sum(math.comb(count, 2) for count in n.values())
    in_s = sum(math.comb(count, 2) for count in size_s.values())
    in_g = sum(math.comb(count, 2) for count in size_g.values())
    pairs = math.comb(total, 2)
    apart = pairs - in_s - in_g + both
    rand = (both + apart) / pairs if pairs else NAN

    def entropy(counts):
        return -math.fsum(c / total * math.log(c / total) for c in counts if c)

    information = entropy(size_s.values()) + entropy(size_g.values()) - entropy(n.values())
    variation = entropy(size_s.values()) + entropy(size_g.values()) - 2 * information
    covering = sum(
        size_g[i] * max(n[j, i] / (size_s[j] + size_g[i] - n[j, i]) for j in size_s) for i in size_g
    )
    return {
        "asa": asa,
        "ue_bergh": 1 - asa,
        "ue_np": np_error,
        "ue_levin": levin,
        "ue_slic": slic,
        "oe": oversegmentation,
        "pri": rand,
        "vi": variation,
        "sc": covering / total,
    }


def thick(labels, void):
    """Mark the pixels one of whose 4 neighbours has another label."""
    mask = np.zeros(labels.shape, bool)
    for y, x in pixels(void):
        mask[y, x] = any(labels[v, u] != labels[y, x] for v, u in neighbours(y, x, void))
    return mask


def share_within(of, near, r):
    """Share of the pixels of one mask with a pixel of the other in the square window."""
    found = [
        near[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1].any() for y, x in np.argwhere(of)
    ]
    return sum(found) / len(found) if found else NAN


def boundary(labels, truth, void):
    s, g = thick(labels, void), thick(truth, void)
    scores = {f"br_r{r}": share_within(g, s, r) for r in range(4)}
    recall, precision = scores["br_r2"], share_within(s, g, 2)
    scores["bp_r2"] = precision
    scores["bf_r2"] = (
        0.0 if recall == precision == 0 else 2 * recall * precision / (recall + precision)
    )
    scores["mde"] = scores["hd95"] = NAN
    if s.any() and g.any():
        distance = ndimage.distance_transform_edt(~s)[g]
        scores["mde"] = float(distance.mean())
        scores["hd95"] = float(np.percentile(distance, 95))
    return scores


def colours(labels, image, void):
    if image is None:
        return dict.fromkeys(("ev", "icv", "sse_rgb"), NAN)
    members = defaultdict(list)
    for y, x in pixels(void):
        members[labels[y, x]].append(image[y, x].astype(float))
    everything = np.concatenate([np.array(colour) for colour in members.values()])
    mean = everything.mean(axis=0)
    between, within, deviations = 0.0, 0.0, []
    for colour in members.values():
        own = np.mean(colour, axis=0)
        squared = float(((np.array(colour) - own) ** 2).sum())
        between += len(colour) * float(((own - mean) ** 2).sum())
        within += squared
        deviations.append(math.sqrt(squared / len(colour)))
    total = float(((everything - mean) ** 2).sum())
    constant = (everything == everything[0]).all()
    return {
        "ev": NAN if constant else between / total,
        "icv": sum(deviations) / len(deviations),
        "sse_rgb": within / len(everything),
    }


def part_sizes(mask):
    numbers, count = ndimage.label(mask)  # 4-connected
    return [int((numbers == 1 + part).sum()) for part in range(count)]


def shape(labels, void):
    members, perimeter = defaultdict(list), Counter()
    for y, x in pixels(void):
        members[labels[y, x]].append((y, x))
        same = sum(labels[v, u] == labels[y, x] for v, u in neighbours(y, x, void))
        perimeter[labels[y, x]] += 4 - same
    total = sum(len(member) for member in members.values())
    spread = sum(float(((np.array(m) - np.mean(m, axis=0)) ** 2).sum()) for m in members.values())
    compactness = sum(
        len(m) / total * 4 * math.pi * len(m) / perimeter[j] ** 2 for j, m in members.items()
    )
    sizes = np.array([len(member) for member in members.values()], float)
    components = [part_sizes((labels == j) & ~void) for j in members]
    return {
        "sse_xy": spread / total,
        "co": compactness,
        "cd": float(thick(labels, void).sum()) / total,
        "n_labels": float(len(members)),
        "n_components": float(sum(len(parts) for parts in components)),
        "stray": 1 - sum(max(parts) for parts in components) / total,
        "size_cv": float(sizes.std() / sizes.mean()),
        "size_gini": float(
            np.abs(sizes[:, None] - sizes).sum() / (2 * len(sizes) ** 2 * sizes.mean())
        ),
    }
