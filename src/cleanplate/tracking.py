"""The ways to select an object and to follow it: plain tables, and those by name."""

from __future__ import annotations

import os
from functools import partial
from typing import Any

from cleanplate.errors import BadInput
from cleanplate.masks.follow import Tracker, follow
from cleanplate.masks.select import Selector, select
from cleanplate.states import torch_needed

FILL_STEPS = 1500  # of a fit: some two minutes on two cores

TRACKERS = {
    "flow": "from frame to frame, by motion and colours",
    "internal": "by a network that is fitted to the mask",
    "sam2": "by SAM 2, of which you have the weights",
}

SELECTORS = {
    "cues": "by colours, edges, and what moves",
    "sam2": "by SAM 2, of which you have the weights",
}

Weights = str | os.PathLike[str]


def load_tracker(
    name: str, /, *, weights: Weights | None = None, device: str = "auto", **options: Any
) -> Tracker:
    """Return the tracker of a name in TRACKERS, for `track` and `track_file`.

    "internal" is a network fitted to the mask of one frame, or of several (Ouyang et al., ICCV
    2021, section 4.2); its options are those of `TrackOptions`, such as budget="2m", by default,
    steps=6000 and seed=0. "sam2" is SAM 2 (Ravi et al., 2024), and needs weights: the folder of a
    published one; its options are those of `Sam2Options`, such as beyond_cuts=True. "flow" has
    none. device: of a network: "cpu", "cuda" or "auto". Raises BadInput.
    """
    _check_name("tracker", name, TRACKERS, weights)
    if name == "flow":
        if options:
            raise BadInput(f"tracker 'flow' has no option {min(options)!r}. Leave it out.")
        return follow
    if name == "internal":
        with torch_needed():
            from cleanplate.methods.internal.track import TrackOptions, follow_fitted
        told = _options(name, TrackOptions, options)
        return partial(follow_fitted, options=told, device=device)
    with torch_needed():
        from cleanplate.masks.sam2.checkpoint import check_sam2
        from cleanplate.masks.sam2.track import Sam2Options, follow_loaded
    told = _options(name, Sam2Options, options)
    folder, _ = check_sam2(weights)
    return partial(follow_loaded, weights=folder, device=device, options=told)


def load_selector(
    name: str,
    /,
    *,
    weights: Weights | None = None,
    device: str = "auto",
    precision: str = "auto",
) -> Selector:
    """Return the selector of a name in SELECTORS: it is called as `select`, which is "cues".

    "sam2" is SAM 2, with weights, device and precision as of `load_tracker`. Raises BadInput.
    """
    _check_name("selector", name, SELECTORS, weights)
    if name == "cues":
        return select
    with torch_needed():
        from cleanplate.masks.sam2.checkpoint import load_sam2
        from cleanplate.masks.sam2.select import select_pointed
    sam2 = load_sam2(weights, device=device, precision=precision)
    return partial(select_pointed, sam2=sam2)


def tracker_for_fills(
    name: str, *, weights: Weights | None = None, device: str = "auto"
) -> Tracker:
    """Return the tracker of a name as a fill takes it: with an end that no clock decides.

    So a fill that was stopped meets the same masks again. Raises BadInput.
    """
    options: dict[str, Any] = {"steps": FILL_STEPS, "budget": None} if name == "internal" else {}
    return load_tracker(name, weights=weights, device=device, **options)


def _check_name(kind: str, name: str, known: dict[str, str], weights: Weights | None) -> None:
    """Refuse a name that is not known, and weights for what has none; raises BadInput."""
    if name not in known:
        raise BadInput(f"{kind} {name!r} is unknown. Choose one of: {', '.join(known)}.")
    if weights is not None and name != "sam2":
        raise BadInput(f"{kind} {name!r} takes no weights. Leave them out, or choose sam2.")


def _options(name: str, kind: Any, options: dict[str, Any]) -> Any:
    """Return a tracker's options as its dataclass; raises BadInput for one that it has not."""
    unknown = options.keys() - set(kind.__dataclass_fields__)
    if unknown:
        known = ", ".join(kind.__dataclass_fields__)
        raise BadInput(f"tracker {name!r} has no option {min(unknown)!r}. Choose from: {known}.")
    return kind(**options)
