"""One line of the fault table: what was done, how often, and what it cost."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """What came of a fault; it is survived if nothing is `wrong`.

    Attributes
    ----------
    what : str
        What was done.
    times : int
        How often.
    lost : str
        What it cost at most.
    wrong : tuple of str
        What should not have happened, in words.
    """

    what: str
    times: int
    lost: str
    wrong: tuple[str, ...] = ()
