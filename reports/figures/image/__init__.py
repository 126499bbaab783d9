"""Figures of one image, which ``bench figure NAME`` draws: a file here is one of them.

A file has ``METHODS``, the choices that it shows, as ``bench run --methods`` takes them;
``ANY_METHODS``, whether the user may choose others; ``ANNOTATED``, whether it needs an annotation
of the image; and ``draw(image, divisions, caption)``, which returns a matplotlib Figure of a
`Division` for each choice (`reports.figures.sheet`). An annotated one has a fourth argument, an
`Annotation`.
"""
