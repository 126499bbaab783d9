"""The recipes of sample images of near things: what each shows, from back to front."""

from __future__ import annotations

from bench.datasets.sample.objects import (
    DUSK,
    FUR,
    GRASS,
    GRASS_FAR,
    GRAVEL,
    LEAVES,
    PEEL,
    PLASTER,
    SAND,
    SMOOTH,
    STONE,
    TISSUE,
    WOOD,
    flower,
    leaf,
)
from bench.datasets.sample.paint import LANDSCAPE, PORTRAIT, Layer, Scene, Shadow
from bench.datasets.sample.shapes import blob, curve, ellipse, polygon, ridge, ring, stroke

# One region after the other, as rows of a table that automatic formatting would tear apart.
# fmt: off



def still_life() -> Scene:
    """Show a bowl of fruit, a jug and a spoon on a table, lit from the upper left."""
    return Scene(
        LANDSCAPE,
        (
            Layer("room/wall", None, PLASTER, (150, 158, 150), ramp=(-0.1, -0.28)),
            Layer("room/wall/panel", polygon((-2, -2), (-2, 60), (100, 52), (104, -2)), PLASTER,
                  (128, 138, 134), ramp=(0.0, -0.1)),
            Layer("room/table", polygon((104, -2), (96, 242), (162, 242), (162, -2)), WOOD,
                  (150, 94, 58), ramp=(0.15, -0.1)),
            Layer("room/cloth",
                  curve((112, 108), (106, 160), (110, 206), (136, 238), (152, 196), (146, 150),
                        (160, 120), (136, 98)), TISSUE, (196, 196, 190), ramp=(-0.1, -0.1),
                  shadow=Shadow(2, 3, 1.5)),
            Layer("jug/jug/handle", ring(ellipse(70, 30, 24, 17), 0.68), DUSK, (60, 84, 122),
                  round=0.5),
            Layer("jug/jug/body",
                  curve((40, 38), (38, 52), (40, 68), (54, 70), (84, 84), (114, 76), (124, 54),
                        (116, 34), (86, 26), (56, 38)), DUSK, (74, 104, 146), round=0.7,
                  shadow=Shadow(10, 26, 5.0)),
            Layer("jug/jug/mouth", ellipse(42, 53, 4.5, 15), SMOOTH, (34, 44, 62), ramp=(0.3, 0)),
            Layer("fruit/orange", ellipse(86, 134, 21, 21), PEEL, (224, 132, 40), round=0.75),
            Layer("fruit/lemon", ellipse(90, 172, 15, 21, 25), PEEL, (222, 196, 62), round=0.65,
                  shadow=Shadow(2, 4, 2.0)),
            Layer("fruit/apple/body", blob(80, 196, 19, 0.04, 5, lobes=5), PEEL, (168, 40, 36),
                  round=0.8, shadow=Shadow(2, -3, 2.0)),
            Layer("fruit/apple/stalk", stroke((2.2, 3.0), (64, 197), (57, 200), (52, 206)), WOOD,
                  (74, 58, 36)),
            Layer("fruit/plum", ellipse(100, 152, 13, 14), PEEL, (84, 48, 86), round=0.8,
                  shadow=Shadow(1, -3, 2.0)),
            Layer("bowl/bowl",
                  curve((98, 110), (104, 166), (98, 222), (120, 206), (134, 182), (135, 150),
                        (122, 126)), PLASTER, (206, 190, 164), 0.4, ramp=(-0.2, -0.25),
                  shadow=Shadow(7, 16, 4.0)),
            Layer("bowl/bowl/stripe", stroke(4.0, (109, 117), (116, 166), (109, 214)), PLASTER,
                  (70, 96, 140), ramp=(-0.1, -0.25)),
            Layer("spoon/spoon",
                  (*stroke((3.0, 2.4), (140, 40), (146, 70), (147, 92)),
                   *ellipse(137, 30, 5.5, 11, -14)), SMOOTH, (176, 172, 166), round=0.5,
                  shadow=Shadow(3, 3, 1.0)),
        ),
        light=(0.0, -0.12),
        noise=4.5,
    )



def vase() -> Scene:
    """Show flowers in a glazed vase before a blurred garden, with thin stems and soft edges."""
    heads = [
        ("flowers/poppy", 62, 54, 17.0, (204, 66, 48), 6),
        ("flowers/daisy", 48, 106, 15.0, (226, 222, 208), 11),
        ("flowers/aster", 94, 98, 13.0, (140, 106, 176), 9),
    ]
    return Scene(
        PORTRAIT,
        (
            Layer("garden/hedge", None, GRASS_FAR, (96, 116, 84), ramp=(0.0, 0.15)),
            Layer("garden/light", blob(70, 128, 42, 0.2, 71, squash=1.3), GRASS_FAR,
                  (158, 166, 118), 3.0),
            Layer("garden/dark", blob(150, 22, 44, 0.2, 72), GRASS_FAR, (62, 78, 66), 3.0),
            Layer("table/top", polygon((192, -2), (184, 162), (242, 162), (242, -2)), WOOD,
                  (168, 124, 84), ramp=(0.1, 0.0)),
            *[
                Layer(f"{path}/stem",
                      stroke((3.2, 2.4), (166, 80), (128, 74 + (c - 78) / 3), (r, c)), LEAVES,
                      (74, 110, 52))
                for path, r, c, *_ in heads
            ],
            Layer("flowers/leaves/left",
                  curve((148, 76), (128, 44), (100, 30), (118, 60), (140, 80)), LEAVES,
                  (86, 128, 60), ramp=(0.0, 0.2)),
            Layer("flowers/leaves/right",
                  curve((150, 82), (136, 112), (112, 138), (122, 108), (140, 82)), LEAVES,
                  (64, 102, 54), ramp=(0.0, -0.2)),
            *[layer for head in heads for layer in flower(*head)],
            Layer("vase/vase/body",
                  curve((150, 60), (158, 66), (172, 54), (194, 48), (214, 58), (220, 80),
                        (214, 102), (194, 112), (172, 106), (158, 94), (150, 100), (152, 80)), DUSK,
                  (74, 110, 132), round=0.6, shadow=Shadow(4, 16, 5.0)),
            Layer("vase/vase/band", stroke(6.0, (190, 49), (197, 80), (190, 111)), TISSUE,
                  (196, 176, 128), ramp=(0.0, -0.3)),
            Layer("table/petal", ellipse(226, 30, 4.5, 9, 20), PEEL, (198, 70, 54),
                  shadow=Shadow(2, 2, 1.0)),
        ),
        light=(0.05, -0.08),
        noise=4.0,
    )



def leaves() -> Scene:
    """Show fallen leaves on a gravel path, overlapping, with veins and hard shadows."""
    fallen = [
        (38, 52, 1.1, 20, (186, 96, 38)), (60, 128, 1.25, -40, (160, 60, 40)),
        (118, 66, 1.2, 75, (196, 148, 58)), (96, 168, 1.0, 140, (132, 118, 54)),
        (36, 200, 0.9, -100, (182, 130, 60)), (134, 208, 1.15, 30, (150, 84, 46)),
        (128, 128, 0.7, 200, (112, 112, 60)), (84, 24, 0.7, -30, (168, 128, 92)),
    ]
    return Scene(
        LANDSCAPE,
        (
            Layer("ground/path", None, GRAVEL, (150, 140, 128)),
            Layer("ground/grass", ridge(3, 91, -40, (22, -2), (6, 60), (-12, 100), (-20, 242)),
                  GRASS, (98, 116, 62), 0.6),
            Layer("ground/twig", stroke((4.5, 2.0), (150, 20), (138, 70), (146, 120), (138, 176)),
                  WOOD, (96, 76, 62), shadow=Shadow(2, 2, 1.0)),
            *[layer for i, form in enumerate(fallen, 1) for layer in leaf(f"leaves/{i}", *form)],
        ),
        shade=stroke(17.0, (-10, 150), (60, 96), (170, 60)),
        light=(0.0, -0.1),
        noise=3.5,
    )



def snake() -> Scene:
    """Show a snake among stones and dry grass: its texture tells it, its colour hardly."""
    coils = [(112, 20), (86, 44), (104, 78), (130, 104), (112, 138), (76, 142), (60, 170),
             (78, 204)]
    return Scene(
        LANDSCAPE,
        (
            Layer("ground/sand", None, SAND, (164, 144, 112), ramp=(0.12, 0.0)),
            Layer("ground/stone 1", blob(34, 56, 30, 0.14, 101, squash=0.7), STONE, (142, 128, 110),
                  0.4, round=0.5, shadow=Shadow(6, 6, 2.0)),
            Layer("ground/stone 2", blob(128, 206, 34, 0.16, 102, squash=0.75), STONE,
                  (150, 132, 106), 0.4, round=0.5, shadow=Shadow(6, 6, 2.0)),
            Layer("ground/stone 3", blob(36, 128, 20, 0.16, 103, squash=0.7), STONE,
                  (124, 116, 106), 0.4, round=0.5, shadow=Shadow(5, 5, 2.0)),
            Layer("snake/snake/body", stroke((5.0, 17.0), *coils), FUR, (158, 130, 96), 0.4,
                  shadow=Shadow(5, 3, 2.0, 0.35)),
            Layer("snake/snake/back", stroke((1.5, 6.0), *coils), FUR, (104, 82, 62), 0.6),
            Layer("snake/snake/head", ellipse(82, 212, 10, 15, -26), FUR, (150, 124, 92), 0.4,
                  round=0.3, shadow=Shadow(4, 3, 1.5, 0.35)),
            Layer("snake/snake/eye", ellipse(79, 215, 2.4, 2.8), SMOOTH, (30, 26, 22)),
            *[
                Layer("plants/tuft/stalks",
                      stroke((2.6, 1.8), (150, 40 + d / 3), (120, 42 + d / 2),
                             (88 + abs(d) / 2, 40 + d)), GRASS, (186, 168, 104),
                      shadow=Shadow(3, 5, 1.0, 0.3))
                for d in (-30, -15, 2, 18, 34)
            ],
        ),
        shade=polygon((-10, 200), (60, 250), (-10, 260)),
        light=(0.05, -0.1),
        noise=5.0,
    )
