"""Plain entropy rate superpixels: every edge tried at every step, gains from the definitions.

Shares nothing with the package. Objectives are times w_T, the sum of all weights.
"""

import math

import numpy as np

REACH = {4: [(0, 1), (1, 0)], 8: [(0, 1), (1, 0), (1, 1), (1, -1)]}


def weights_of(image, sigma, connectivity):
    """Weight of every edge, a pair of pixels, in order."""
    height, width = image.shape[:2]
    weights = {}
    for y in range(height):
        for x in range(width):
            for down, across in REACH[connectivity]:
                v, u = y + down, x + across
                if v < height and 0 <= u < width:
                    colour = np.abs(image[y, x].astype(int) - image[v, u]).sum()
                    d = colour * math.hypot(down, across)
                    weights[(y, x), (v, u)] = math.exp(-(d**2) / (2 * (3 * sigma) ** 2))
    return weights


def pixel_entropy(pixel, weights, chosen):
    """w_i times the entropy of a step from pixel i: to a chosen neighbour, or nowhere."""
    total = sum(w for edge, w in weights.items() if pixel in edge)
    steps = [weights[edge] for edge in chosen if pixel in edge]
    steps.append(max(0.0, total - sum(steps)))
    return -sum(w * math.log(w / total) for w in steps if w > 0)


def entropy_rate(weights, chosen):
    pixels = {pixel for edge in weights for pixel in edge}
    return sum(pixel_entropy(pixel, weights, chosen) for pixel in sorted(pixels))


def balance_term(trees):
    pixels = sum(trees)
    return -sum(s / pixels * math.log2(s / pixels) for s in trees) - len(trees)


def factor(weights, pixels, n, balance):
    """Lambda times w_T."""
    entropy = max(sum(pixel_entropy(p, weights, [edge]) for p in edge) for edge in weights)
    trees = [1] * pixels
    if pixels == 2:  # the only edge gains no balance
        return 0.0
    return balance * n * entropy / (balance_term([2, *trees[2:]]) - balance_term(trees))


def greedy(image, n, balance, sigma, connectivity):
    """Return the chosen edges, the trees as sets of pixels, and lambda times w_T."""
    pixels = [(y, x) for y in range(image.shape[0]) for x in range(image.shape[1])]
    weights = weights_of(image, sigma, connectivity)
    weight = factor(weights, len(pixels), n, balance) if weights else 0.0
    tree, chosen = {pixel: {pixel} for pixel in pixels}, []
    while len(pixels) - len(chosen) > n:
        open_edges = [edge for edge in weights if tree[edge[0]] is not tree[edge[1]]]
        # the first of equal edges; as 32-bit floats, and less the lambda that every edge gains
        best = max(
            open_edges,
            key=lambda edge: np.float32(
                entropy_gain(edge, weights, chosen) - weight * unevenness(tree, edge, len(pixels))
            ),
        )
        chosen.append(best)
        united = tree[best[0]] | tree[best[1]]
        tree.update(dict.fromkeys(united, united))
    return chosen, list({id(members): members for members in tree.values()}.values()), weight


def entropy_gain(edge, weights, chosen):
    near = {p: [e for e in chosen if p in e] for p in edge}
    here = {e: w for e, w in weights.items() if edge[0] in e or edge[1] in e}
    return sum(
        pixel_entropy(p, here, [*near[p], edge]) - pixel_entropy(p, here, near[p]) for p in edge
    )


def unevenness(tree, edge, pixels):
    """What the entropy of the tree sizes loses as two trees unite."""
    a, b = (len(tree[pixel]) / pixels for pixel in edge)
    return (a + b) * math.log2(a + b) - a * math.log2(a) - b * math.log2(b)


def labels_of(shape, trees):
    labels = np.zeros(shape, int)
    for number, members in enumerate(sorted(trees, key=min)):
        for pixel in members:
            labels[pixel] = number
    return labels
