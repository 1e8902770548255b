"""Reads how tests are built and compared where a call says nothing: from environment variables, which reach every
reward, command and worker of a run."""

import math
import os

RELEASE = "RUST_REWARDS_RELEASE"
TOLERANCE = "RUST_REWARDS_TOLERANCE"
_SWITCH = {"": False, "0": False, "false": False, "1": True, "true": True}


def release_or_default(release: bool | None) -> bool:
    """Return whether tests are built as by `cargo test --release`: what was asked for, or `RUST_REWARDS_RELEASE`.

    Raises:
        TypeError: When `release` is neither a bool nor `None`.
        ValueError: When the variable is set to something else than 0, 1, false or true.
    """
    if release is None:
        text = os.environ.get(RELEASE, "").strip().lower()
        if text not in _SWITCH:
            raise ValueError(f"{RELEASE} is {text!r}; it may be 1 or true, 0 or false, or unset.")
        return _SWITCH[text]
    if not isinstance(release, bool):
        raise TypeError(f"release is {release!r}; it must be True, False, or None for what {RELEASE} says.")
    return release


def tolerance_or_default(tolerance: float | None) -> float | None:
    """Return by how much printed numbers may differ: what was asked for, or `RUST_REWARDS_TOLERANCE`; `None` for text.

    Raises:
        ValueError: When it is no finite number of at least 0.
    """
    if tolerance is not None:
        return checked_tolerance(tolerance, "tolerance")
    text = os.environ.get(TOLERANCE, "").strip()
    if not text:
        return None
    try:
        return checked_tolerance(float(text), TOLERANCE)
    except ValueError:
        raise ValueError(
            f"{TOLERANCE} is {text!r}; it must be a number of at least 0 such as 1e-6, or unset."
        ) from None


def checked_tolerance(value: object, name: str) -> float:
    """Return a tolerance as a number.

    Raises:
        ValueError: When it is no finite number of at least 0.
    """
    good = isinstance(value, int | float) and not isinstance(value, bool)
    if not good or not math.isfinite(value) or value < 0:  # type: ignore[arg-type, operator]
        raise ValueError(f"{name} is {value!r}; it must be a number of at least 0 such as 1e-6.")
    return float(value)  # type: ignore[arg-type]
