"""Texts that several metrics cite or say alike."""

STUTZ = (
    "Stutz, Hermans, Leibe, Superpixels: an evaluation of the state of the art, CVIU 2018, "
    "doi 10.1016/j.cviu.2017.03.007"
)

NEVER = "never: every image has a scored pixel"
