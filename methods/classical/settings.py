"""The settings that methods of local k-means share, and what is refused of them."""


def check_settings(compactness: float, iterations: int, min_size_factor: float) -> None:
    """Refuse values out of range.

    Raises
    ------
    ValueError
        With the value and what it must be.
    """
    if not 0 < compactness <= 1e9:
        raise ValueError(f"compactness={compactness} must be > 0 and <= 1e9, usual are 5 to 40")
    if iterations < 1:
        raise ValueError(f"iterations={iterations} must be >= 1, usual is 10")
    if not 0 <= min_size_factor <= 1:
        raise ValueError(f"min_size_factor={min_size_factor} must be from 0 to 1; 0 merges nothing")
