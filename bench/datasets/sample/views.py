"""The recipes of sample images of land, water and towns: what each shows, from back to front."""

from __future__ import annotations

from bench.datasets.sample.objects import (
    BRICK,
    CLOUD,
    DUSK,
    GRASS,
    GRASS_FAR,
    GRAVEL,
    LEAVES,
    PEEL,
    PLASTER,
    ROCK,
    SAND,
    SMOOTH,
    STONE,
    TILES,
    TISSUE,
    WAVES,
    WOOD,
    balloon,
    boat,
    fish,
    tower,
    tree,
    window,
)
from bench.datasets.sample.paint import LANDSCAPE, PORTRAIT, Layer, Scene, Shadow
from bench.datasets.sample.shapes import blob, box, curve, ellipse, polygon, ridge, ring, stroke

# One region after the other, as rows of a table that automatic formatting would tear apart.
# fmt: off



def hills() -> Scene:
    """Show mountains, meadows, a house with trees, and a path that winds up to it."""
    return Scene(
        LANDSCAPE,
        (
            Layer("sky/sky", None, CLOUD, (150, 185, 222), ramp=(0.16, 0.0)),
            Layer("sky/cloud", blob(26, 168, 26, 0.22, 3, squash=0.36), CLOUD, (226, 230, 236),
                  3.0),
            Layer("land/mountain",
                  ridge(10, 11, 160, (62, -2), (30, 60), (58, 110), (40, 175), (66, 242)), ROCK,
                  (118, 128, 150), 0.8),
            Layer("land/far hill", ridge(5, 12, 160, (78, -2), (64, 70), (80, 150), (62, 242)),
                  GRASS_FAR, (84, 112, 84)),
            Layer("land/near hill", ridge(2, 13, 160, (92, -2), (98, 80), (84, 160), (92, 242)),
                  GRASS, (128, 148, 74), ramp=(-0.1, 0.1)),
            Layer("land/near hill/path",
                  curve((160, 96), (132, 118), (112, 150), (100, 150), (93, 128), (95, 126),
                        (104, 140), (112, 128), (130, 88), (160, 40)), SAND, (196, 176, 140)),
            Layer("land/field", ridge(2, 14, 160, (118, -2), (124, 40), (160, 76)), WAVES,
                  (188, 160, 70)),
            Layer("objects/house/wall", polygon((76, 100), (76, 136), (98, 136), (98, 100)),
                  PLASTER, (216, 204, 186), shadow=Shadow(4, 8, 1.5)),
            Layer("objects/house/gable",
                  polygon((76, 100), (66, 109), (76, 118), (98, 118), (98, 100)), PLASTER,
                  (176, 164, 150)),
            Layer("objects/house/roof", polygon((65, 108), (65, 136), (78, 141), (78, 119)), TILES,
                  (150, 74, 56)),
            Layer("objects/house/door", box(84, 122, 98, 129), WOOD, (92, 62, 42)),
            *tree("objects/tree 1", 112, 200, 1.25, 21, (62, 92, 44)),
            *tree("objects/tree 2", 96, 172, 0.62, 22, (70, 98, 52)),
            *tree("objects/tree 3", 132, 24, 1.0, 23, (88, 104, 40)),
        ),
        light=(-0.06, 0.08),
        noise=4.0,
    )



def harbour() -> Scene:
    """Show sailing boats with masts and ropes, a quay and a far shore."""
    return Scene(
        LANDSCAPE,
        (
            Layer("sky/sky", None, CLOUD, (212, 196, 178), ramp=(0.1, 0.05)),
            Layer("land/shore",
                  ridge(4, 31, 84, (66, -2), (56, 50), (70, 120), (60, 180), (68, 242)), STONE,
                  (140, 146, 152), 1.5),
            Layer("water/sea", box(78, -2, 162, 242), WAVES, (92, 124, 136), ramp=(-0.25, 0.0)),
            *boat("boats/boat 1", 118, 76, 1.0, (178, 58, 48), (232, 226, 212)),
            *boat("boats/boat 2", 96, 178, 0.62, (52, 76, 112), (222, 190, 120)),
            *boat("boats/boat 3", 86, 24, 0.34, (110, 84, 66), (226, 222, 216)),
            Layer("land/quay", polygon((126, 242), (134, 160), (146, 150), (162, 146), (162, 242)),
                  BRICK, (126, 114, 104), ramp=(-0.2, 0.0)),
            Layer("land/quay/top", polygon((126, 242), (134, 160), (137, 158), (131, 242)), PLASTER,
                  (176, 166, 152)),
            Layer("land/post", box(112, 204, 134, 212), WOOD, (92, 74, 60), ramp=(0, -0.3),
                  shadow=Shadow(2, 6, 1.5)),
            Layer("land/post/rope", stroke(2.2, (120, 205), (134, 168), (126, 112)), WOOD,
                  (196, 178, 140)),
        ),
        light=(0.0, 0.1),
        noise=5.0,
    )



def street() -> Scene:
    """Show a brick front with windows, a door, a lamp post, and the hard shadow of a roof."""
    windows = [
        layer
        for i, (row, column) in enumerate([(22, 26), (22, 84), (22, 142), (80, 26), (80, 84)])
        for layer in window(f"house/window {i + 1}", row, column)
    ]
    return Scene(
        LANDSCAPE,
        (
            Layer("house/front", None, BRICK, (160, 96, 76)),
            Layer("house/front/ledge", box(64, -2, 69, 242), PLASTER, (190, 178, 160),
                  shadow=Shadow(4, 1, 1.0)),
            *windows,
            Layer("house/door/frame", box(80, 134, 142, 172), PLASTER, (196, 186, 170)),
            Layer("house/door/leaf", box(85, 138, 142, 168), WOOD, (48, 84, 70)),
            Layer("house/door/glass", ellipse(98, 153, 9, 9), DUSK, (52, 60, 74), ramp=(-0.3, 0.2)),
            Layer("house/neighbour", box(-2, 196, 142, 242), PLASTER, (204, 186, 140)),
            Layer("house/neighbour/pipe", box(-2, 198, 142, 201.5), SMOOTH, (104, 108, 106),
                  ramp=(0, -0.4)),
            Layer("street/pavement", polygon((138, -2), (138, 242), (162, 242), (162, -2)), GRAVEL,
                  (140, 138, 138)),
            Layer("street/kerb", box(150, -2, 154, 242), PLASTER, (176, 172, 166),
                  shadow=Shadow(2, 0, 1.0)),
            Layer("street/bush", blob(128, 108, 16, 0.16, 41, lobes=16, squash=0.85), LEAVES,
                  (70, 100, 58), 0.4, round=0.5, shadow=Shadow(6, 6, 2.0)),
            Layer("street/lamp/post",
                  stroke((4.2, 2.6), (152, 214), (96, 214), (44, 214), (34, 208), (34, 200)),
                  SMOOTH, (46, 52, 56), ramp=(0, -0.3), shadow=Shadow(-2, 9, 1.0)),
            Layer("street/lamp/shade", polygon((34, 194), (34, 205), (44, 210), (44, 189)), PLASTER,
                  (226, 214, 170), shadow=Shadow(-2, 9, 1.0)),
        ),
        shade=polygon((-10, 250), (-10, 120), (30, 150), (30, 172), (88, 214), (170, 262)),
        light=(0.05, 0.0),
        noise=4.0,
    )



def reef() -> Scene:
    """Show striped fish among coral and weed, in water that swallows the contrast."""
    blades = [(18, 6, 40), (30, -5, 62), (44, 7, 56), (222, -6, 46), (208, 5, 70)]
    return Scene(
        LANDSCAPE,
        (
            Layer("water/water", None, DUSK, (44, 108, 132), ramp=(-0.3, -0.1)),
            Layer("reef/far rock",
                  ridge(8, 51, 162, (120, -2), (86, 60), (112, 110), (104, 170), (70, 242)), STONE,
                  (52, 100, 116), 2.0, ramp=(-0.2, 0.0)),
            *[
                Layer(f"plants/weed/blade {i + 1}",
                      stroke((7.0, 2.0), (150, c), (118, c + b), (84, c - b), (t, c + b)), LEAVES,
                      (66, 112, 62), 0.6, ramp=(-0.25, 0.0))
                for i, (c, b, t) in enumerate(blades)
            ],
            Layer("reef/sand", ridge(2, 52, 162, (140, -2), (134, 80), (142, 150), (132, 242)),
                  SAND, (172, 164, 128), ramp=(0.1, 0.0)),
            Layer("reef/coral 1", blob(134, 92, 26, 0.18, 53, lobes=18, squash=0.7), TISSUE,
                  (188, 92, 84), 0.5, round=0.5, shadow=Shadow(5, 5, 3.0)),
            Layer("reef/coral 2", blob(132, 186, 22, 0.2, 54, lobes=14, squash=0.9), PEEL,
                  (160, 108, 150), 0.5, round=0.6, shadow=Shadow(5, 5, 3.0)),
            Layer("reef/coral 2/arms", ring(blob(112, 170, 16, 0.1, 55, squash=1.1), 0.62), PEEL,
                  (182, 140, 162), round=0.4),
            *fish("fish/fish 1", 62, 88, 1.0, 0, (214, 150, 48), (44, 46, 58)),
            *fish("fish/fish 2", 96, 142, 0.62, -14, (206, 142, 52), (60, 60, 70)),
            *fish("fish/fish 3", 34, 176, 0.7, 12, (74, 126, 144), (40, 88, 112)),
        ),
        light=(-0.2, 0.0),
        lens=0.6,
        noise=6.0,
    )



def balloons() -> Scene:
    """Show hot-air balloons before evening hills: coloured panels, thin ropes, soft clouds."""
    return Scene(
        LANDSCAPE,
        (
            Layer("sky/sky", None, DUSK, (176, 172, 192), ramp=(0.22, 0.05)),
            Layer("sky/cloud 1", blob(40, 120, 44, 0.2, 61, squash=0.26), CLOUD, (222, 196, 190),
                  3.0),
            Layer("sky/cloud 2", blob(88, 206, 36, 0.2, 62, squash=0.22), CLOUD, (216, 186, 180),
                  2.0),
            Layer("land/far hills", ridge(6, 63, 162, (124, -2), (108, 80), (120, 150), (104, 242)),
                  GRASS_FAR, (108, 104, 130), 1.0),
            Layer("land/forest", ridge(9, 64, 162, (140, -2), (130, 60), (146, 140), (134, 242)),
                  LEAVES, (58, 70, 62), ramp=(-0.3, 0.0)),
            *balloon("balloons/balloon 1", 62, 66, 1.0,
                     ((186, 52, 48), (226, 190, 92), (60, 88, 140))),
            *balloon("balloons/balloon 2", 58, 172, 0.62,
                     ((64, 122, 116), (214, 208, 196), (48, 84, 96))),
            *balloon("balloons/balloon 3", 100, 124, 0.32,
                     ((200, 120, 60), (128, 60, 84), (206, 150, 80))),
        ),
        light=(0.0, 0.06),
        noise=5.0,
    )



def lighthouse() -> Scene:
    """Show a striped tower on a rock at night: dark, noisy, with a moon and a thin railing."""
    return Scene(
        PORTRAIT,
        (
            Layer("sky/sky", None, DUSK, (52, 60, 92), ramp=(0.5, 0.0)),
            Layer("sky/moon", ellipse(38, 124, 15, 15), STONE, (188, 182, 164), 0.8),
            Layer("sky/cloud", blob(58, 140, 30, 0.2, 81, squash=0.24), CLOUD, (70, 72, 96), 3.0),
            Layer("sea/sea", box(176, -2, 242, 162), WAVES, (38, 56, 76), ramp=(-0.2, 0.2)),
            Layer("sea/sea/glitter", polygon((178, 118), (178, 128), (242, 150), (242, 110)), WAVES,
                  (82, 90, 100), 1.5),
            *tower("tower/tower"),
            Layer("rock/rock",
                  ridge(7, 82, 242, (206, -2), (186, 30), (178, 60), (184, 90), (212, 130),
                        (228, 162)), STONE, (66, 62, 64), ramp=(-0.2, -0.2)),
            Layer("rock/hut/wall", box(170, 18, 190, 44), PLASTER, (120, 112, 108)),
            Layer("rock/hut/roof", polygon((171, 13), (158, 22), (158, 42), (171, 49)), TILES,
                  (88, 50, 46)),
            Layer("rock/hut/window", box(176, 32, 184, 39), SMOOTH, (232, 190, 96)),
        ),
        light=(0.0, 0.12),
        lens=0.55,
        noise=11.0,
    )
