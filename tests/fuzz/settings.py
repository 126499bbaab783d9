"""How many inputs are tried: a few, the same ones each time; or many, by hand.

``FUZZ_EXAMPLES=5000 pytest tests/fuzz --hypothesis-profile fuzz --hypothesis-show-statistics``
tries so many of each kind, others each time.
"""

from hypothesis import HealthCheck, Phase, settings

FUZZ = "fuzz"
# Making a failing input smaller takes minutes where each try starts a program.
_PHASES = [Phase.explicit, Phase.generate, Phase.explain]


def fuzzed(few):
    """Return the decorator of a test that usually tries so many inputs."""
    if settings.get_current_profile_name() == FUZZ:
        return settings(phases=_PHASES)
    checks = list(HealthCheck)
    return settings(
        max_examples=few,
        derandomize=True,
        database=None,
        suppress_health_check=checks,
        phases=_PHASES,
    )
