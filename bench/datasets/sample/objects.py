"""Things that the sample scenes are furnished with: textures, and objects of several regions."""

from __future__ import annotations

from bench.datasets.sample.paint import Colour, Layer, Shadow, Texture
from bench.datasets.sample.shapes import Shape, blob, box, curve, ellipse, move, polygon, stroke

GRASS = Texture("grass.png", (0, 0, 320, 480), 0.75)
GRASS_FAR = Texture("grass.png", (0, 0, 512, 512), 0.45)
LEAVES = Texture("grass.png", (120, 40, 200, 300), 0.9)
GRAVEL = Texture("gravel.png", (0, 0, 300, 450), 0.7)
SAND = Texture("gravel.png", (0, 0, 512, 512), 0.3)
CLOUD = Texture("chelsea.png", (150, 0, 90, 120), 0.3)
WAVES = Texture("gravel.png", (0, 0, 420, 60), 0.4)
ROCK = Texture("gravel.png", (300, 40, 90, 135), 0.3)
STONE = Texture("cell.png", (380, 20, 100, 150), 2.4)
PLASTER = Texture("cell.png", (400, 20, 200, 300), 1.2)
BRICK = Texture("brick.png", (0, 130, 512, 340), 0.8, quarter_turn=True)
TILES = Texture("brick.png", (0, 0, 512, 512), 1.0)
WOOD = Texture("coffee.png", (165, 490, 230, 110), 0.8, quarter_turn=True)
FUR = Texture("chelsea.png", (10, 150, 90, 135), 0.9)
PEEL = Texture("retina.jpg", (300, 500, 500, 600), 0.8)
TISSUE = Texture("ihc.png", (0, 0, 256, 384), 0.7)
DUSK = Texture("rocket.jpg", (5, 230, 125, 190), 0.5)
SMOOTH = Texture("camera.png", (10, 330, 60, 90), 1.0)


def tree(
    path: str, row: float, column: float, size: float, seed: int, colour: Colour
) -> tuple[Layer, Layer]:
    """Return a tree that stands at a point."""
    trunk = stroke(
        (5 * size, 3 * size),
        (row, column),
        (row - 16 * size, column + 1),
        (row - 34 * size, column),
    )
    crown = blob(row - 38 * size, column, 22 * size, 0.2, seed, squash=0.95, lobes=16)
    return (
        Layer(f"{path}/trunk", trunk, WOOD, (84, 66, 50), shadow=Shadow(1, 3, 1.0, 0.4)),
        Layer(
            f"{path}/crown",
            crown,
            LEAVES,
            colour,
            0.5,
            round=0.5,
            shadow=Shadow(36 * size, 14 * size, 3.0, 0.4),
        ),
    )


def boat(
    path: str, row: float, column: float, size: float, hull: Colour, sail: Colour
) -> tuple[Layer, ...]:
    """Return a sailing boat and its reflection."""

    def at(shape: Shape) -> Shape:
        return move(shape, row, column, size=size)

    body = at(curve((-2, -46), (3, 0), (-4, 50), (12, 40), (16, 4), (12, -36)))
    return (
        Layer(
            f"water/sea/reflection of {path.split('/')[1]}",
            at(curve((14, -34), (16, 6), (14, 40), (34, 22), (40, 0), (32, -20))),
            WAVES,
            (72, 84, 92),
            1.5,
        ),
        Layer(f"{path}/mast", at(box(-96, -1.6, 2, 1.6)), WOOD, (98, 74, 54)),
        Layer(
            f"{path}/main sail",
            at(polygon((-92, 3), (-30, 14), (-8, 40), (-8, 3))),
            PLASTER,
            sail,
            ramp=(0.0, -0.15),
        ),
        Layer(
            f"{path}/jib",
            at(polygon((-84, -3), (-6, -3), (-4, -42))),
            PLASTER,
            sail,
            ramp=(0.0, 0.2),
        ),
        Layer(f"{path}/hull", body, WOOD, hull, ramp=(-0.25, 0.1)),
        Layer(
            f"{path}/cabin",
            at(polygon((-8, -22), (-9, 18), (2, 22), (2, -26))),
            PLASTER,
            (220, 214, 204),
            ramp=(-0.1, -0.1),
        ),
    )


def window(path: str, row: float, column: float) -> tuple[Layer, ...]:
    """Return a window by its upper left corner."""
    upright = box(row, column + 13, row + 36, column + 15.6)
    across = box(row + 15, column, row + 17.6, column + 28)
    return (
        Layer(
            f"{path}/frame",
            box(row - 3, column - 3, row + 39, column + 31),
            PLASTER,
            (214, 206, 192),
            shadow=Shadow(2, 2, 1.0),
        ),
        Layer(
            f"{path}/glass",
            box(row, column, row + 36, column + 28),
            DUSK,
            (62, 76, 96),
            ramp=(-0.35, 0.25),
        ),
        Layer(f"{path}/frame", upright, PLASTER, (214, 206, 192)),
        Layer(f"{path}/frame", across, PLASTER, (214, 206, 192)),
    )


def fish(
    path: str, row: float, column: float, size: float, turn: float, colour: Colour, dark: Colour
) -> tuple[Layer, ...]:
    """Return a striped fish."""

    def at(*shapes: Shape) -> Shape:
        return move(tuple(c for shape in shapes for c in shape), row, column, turn, size)

    body = curve(
        (0, -44), (-16, -20), (-20, 4), (-10, 28), (-2, 38), (6, 36), (12, 26), (20, 2), (14, -24)
    )
    stripes = [
        curve((-18, x), (-20, x + 7), (0, x + 9), (19, x + 5), (18, x - 3), (0, x + 1))
        for x in (-16, 8)
    ]
    return (
        Layer(
            f"{path}/tail",
            at(curve((-1, 34), (-16, 54), (-12, 58), (2, 50), (16, 58), (18, 52), (5, 34))),
            FUR,
            dark,
            ramp=(0.0, 0.2),
        ),
        Layer(f"{path}/fins", at(curve((-16, -12), (-29, 6), (-25, 20), (-12, 24))), LEAVES, dark),
        Layer(f"{path}/body", at(body), FUR, colour, round=0.45),
        Layer(f"{path}/stripe 1", at(stripes[0]), FUR, dark, 0.5),
        Layer(f"{path}/stripe 2", at(stripes[1]), FUR, dark, 0.5),
        Layer(f"{path}/body/eye", at(ellipse(-4, -32, 3.2, 3.2)), SMOOTH, (24, 24, 28)),
    )


def balloon(
    path: str, row: float, column: float, size: float, colours: tuple[Colour, Colour, Colour]
) -> tuple[Layer, ...]:
    """Return a hot-air balloon."""

    def panel(part: float, colour: Colour, name: str) -> Layer:
        half = [(-48, 2), (-44, 20), (-28, 37), (-4, 42), (18, 34), (34, 20), (44, 9)]
        outline = [(r, c * part) for r, c in half] + [(r, -c * part) for r, c in half[::-1]]
        shape = move(curve(*outline), row, column, size=size)
        return Layer(f"{path}/{name}", shape, PLASTER, colour, ramp=(-0.05, -0.22), round=0.35)

    def at(shape: Shape) -> Shape:
        return move(shape, row, column, size=size)

    rope = 1.7 / size
    return (
        Layer(
            f"{path}/ropes",
            (*at(stroke(rope, (42, -8), (60, -6))), *at(stroke(rope, (42, 8), (60, 6)))),
            WOOD,
            (70, 62, 58),
        ),
        Layer(
            f"{path}/basket",
            at(polygon((59, -9), (59, 9), (71, 7), (71, -7))),
            WOOD,
            (112, 78, 50),
            ramp=(0.0, -0.3),
        ),
        panel(1.0, colours[0], "outer panels"),
        panel(0.66, colours[1], "inner panels"),
        panel(0.28, colours[2], "middle panel"),
    )


def flower(
    path: str, row: float, column: float, size: float, colour: Colour, petals: int
) -> tuple[Layer, ...]:
    """Return a flower seen from above."""
    around = [
        move(ellipse(0, 0.72, 0.3, 0.62), row, column, 360 * i / petals, size)
        for i in range(petals)
    ]
    return (
        *(
            Layer(
                f"{path}/petals",
                petal,
                PEEL,
                colour,
                ramp=(-0.1, -0.1),
                shadow=Shadow(1, 1, 1.0, 0.3),
            )
            for petal in around
        ),
        Layer(
            f"{path}/heart",
            ellipse(row, column, size * 0.36, size * 0.36),
            GRAVEL,
            (150, 118, 40),
            round=0.6,
        ),
    )


def tower(path: str) -> tuple[Layer, ...]:
    """Return a striped lighthouse."""

    def band(top: float, bottom: float, colour: Colour, name: str) -> Layer:
        (tl, tr), (bl, br) = ((70 - r / 14, 90 + r / 14) for r in (top - 60, bottom - 60))
        return Layer(
            f"{path}/{name}",
            polygon((top, tl), (top, tr), (bottom, br), (bottom, bl)),
            PLASTER,
            colour,
            ramp=(0.0, -0.5),
        )

    rail = [box(50, c, 60, c + 1.8) for c in (62, 72, 86.5, 96.5)] + [box(49, 61, 51.2, 99)]
    return (
        *(
            band(
                58 + 25 * i,
                83 + 25 * i,
                (196, 188, 178) if i % 2 else (142, 50, 46),
                "white" if i % 2 else "red",
            )
            for i in range(5)
        ),
        Layer(f"{path}/window", ellipse(120, 78, 5, 3), SMOOTH, (26, 26, 34)),
        Layer(f"{path}/lantern", box(40, 72, 58, 88), SMOOTH, (246, 214, 130), 0.8),
        Layer(
            f"{path}/roof", polygon((41, 69), (26, 79), (26, 81), (41, 91)), TILES, (104, 44, 42)
        ),
        Layer(f"{path}/gallery", box(58, 60, 62, 100), PLASTER, (70, 66, 70)),
        *(Layer(f"{path}/rail", bar, PLASTER, (84, 78, 80)) for bar in rail),
    )


def leaf(
    path: str, row: float, column: float, size: float, turn: float, colour: Colour
) -> tuple[Layer, Layer, Layer]:
    """Return a fallen leaf with stalk and vein."""
    outline = curve(
        (0, -32),
        (-9, -24),
        (-19, -10),
        (-15, 4),
        (-18, 14),
        (-6, 22),
        (0, 36),
        (7, 22),
        (17, 12),
        (14, 0),
        (18, -12),
        (9, -25),
    )
    stalk = stroke((1.6, 2.6), (0, -28), (3, -40), (1, -50))
    vein = stroke((1.2, 2.8), (0, 30), (1, 0), (0, -30))
    red, green, blue = (min(255, round(c * 1.25 + 14)) for c in colour)
    shadow = Shadow(3, 3, 0.8, 0.5)
    return (
        Layer(
            f"{path}/stalk",
            move(stalk, row, column, turn, size),
            WOOD,
            (118, 78, 50),
            shadow=shadow,
        ),
        Layer(
            f"{path}/blade",
            move(outline, row, column, turn, size),
            PEEL,
            colour,
            ramp=(0.12, 0.12),
            shadow=shadow,
        ),
        Layer(f"{path}/vein", move(vein, row, column, turn, size), PEEL, (red, green, blue), 0.4),
    )
