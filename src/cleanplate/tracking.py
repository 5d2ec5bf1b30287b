"""The ways to follow an object from the mask of one frame: a plain table, and those by name."""

from __future__ import annotations

from functools import partial
from typing import Any

from cleanplate.errors import BadInput
from cleanplate.masks.follow import Tracker, follow
from cleanplate.states import torch_needed

FILL_STEPS = 1500  # of a fit: some two minutes on two cores

TRACKERS = {
    "flow": "from frame to frame, by motion and colours",
    "internal": "by a network that is fitted to the mask",
}


def load_tracker(name: str, /, *, device: str = "auto", **options: Any) -> Tracker:
    """Return the tracker of a name in TRACKERS, for `track` and `track_file`.

    "internal" is a network fitted to the mask of one frame, or of several (Ouyang et al., ICCV
    2021, section 4.2); its options are those of `TrackOptions`, such as budget="2m", by default,
    steps=6000 and seed=0. "flow" has none. Raises BadInput.
    """
    if name not in TRACKERS:
        raise BadInput(f"tracker {name!r} is unknown. Choose one of: {', '.join(TRACKERS)}.")
    if name == "flow":
        if options:
            raise BadInput(f"tracker 'flow' has no option {min(options)!r}. Leave it out.")
        return follow
    with torch_needed():
        from cleanplate.methods.internal.track import TrackOptions, follow_fitted
    unknown = options.keys() - set(TrackOptions.__dataclass_fields__)
    if unknown:
        known = ", ".join(TrackOptions.__dataclass_fields__)
        raise BadInput(f"tracker {name!r} has no option {min(unknown)!r}. Choose from: {known}.")
    return partial(follow_fitted, options=TrackOptions(**options), device=device)


def tracker_for_fills(name: str) -> Tracker:
    """Return the tracker of a name as a fill takes it: with an end that no clock decides.

    So a fill that was stopped meets the same masks again. Raises BadInput.
    """
    options: dict[str, Any] = {"steps": FILL_STEPS, "budget": None} if name == "internal" else {}
    return load_tracker(name, **options)
