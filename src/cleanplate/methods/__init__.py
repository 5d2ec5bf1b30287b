"""The methods, and what they have to beat: two plain tables, look inside."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from cleanplate.alignment import AlignmentMaps
from cleanplate.errors import BadInput
from cleanplate.flow.validity import TrustedFlow
from cleanplate.gaze import Gaze
from cleanplate.methods import flow_guided, internal, sttn, taan, tsam
from cleanplate.methods.baselines import BASELINES as BASELINES
from cleanplate.video import Filled, Frames, Holes, Prior

METHODS = {
    "flow": flow_guided,
    "sttn": sttn,
    "tsam": tsam,
    "taan": taan,
    "internal": internal,
}
LEARNED = ("sttn", "tsam", "taan")  # methods that need weights
FITTED = ("internal",)  # methods that learn from the very clip, and may begin with another
_ROOMS: dict[str, Any] = {**METHODS, **BASELINES}


@runtime_checkable
class Method(Protocol):
    """What every room's method does.

    longest_window: the most frames that it makes use of at once. It may also say reach: so many
    frames without a hole are of use to it before and after those with one. And whole_up_to: of
    pictures with at most so many pixels it is given all, of others what lies around the holes. And
    held_bytes: memory that it takes beside the frames of a window; held_each(pixels): what it takes
    more for each of them, by how many pixels they have.
    """

    longest_window: int

    def fill(
        self,
        frames: Frames,
        holes: Holes,
        *,
        prior: Prior | None = None,
        progress: Callable[[float], None] | None = None,
        in_place: bool = False,
    ) -> Filled:
        """Fill the holes of one stretch of a shot; sources count from its first frame.

        prior: what the first frames, some or all, were filled with before; a method may carry on
        from there. in_place: `frames` may be painted into, so that a window is held only once.
        """
        ...


@runtime_checkable
class Attentive(Protocol):
    """A method that can tell what the hole of a frame attends to."""

    def gaze(self, frames: Frames, holes: Holes, t: int) -> Gaze:
        """Look from frame t, which has a hole, at the stretch that would be filled."""
        ...


@runtime_checkable
class Trusting(Protocol):
    """A method that follows a flow that it can show; follows: False where its network does not."""

    def motion(self, frames: Frames, holes: Holes) -> TrustedFlow:
        """Find the flow of the stretch that would be filled, and where it is trusted."""
        ...


@runtime_checkable
class Aligning(Protocol):
    """A method that can tell how a frame sees others."""

    def alignment(self, frames: Frames, holes: Holes, t: int) -> AlignmentMaps:
        """Look from frame t at others of the stretch that would be filled."""
        ...


@runtime_checkable
class Fitting(Protocol):
    """A method that learns from the very clip, which takes so long that it is kept on the way."""

    def keep_in(self, folder: Path) -> None:
        """Keep in a folder what a fit that is stopped goes on from."""
        ...


def attentive(method: Method) -> Attentive:
    """Return a method that can tell what holes attend to; raises BadInput for another."""
    if isinstance(method, Attentive):
        return method
    raise _unable("attention", "gaze")


def trusting(method: Method) -> Trusting:
    """Return a method that can show where it trusts its flow; raises BadInput for another."""
    if not isinstance(method, Trusting):
        raise _unable("validity of flow", "motion")
    if not getattr(method, "follows", True):
        raise BadInput("these weights are of a network that follows no flow. Draw no validity.")
    return method


def aligning(method: Method) -> Aligning:
    """Return a method that can tell how frames see others; raises BadInput for another."""
    if isinstance(method, Aligning):
        return method
    raise _unable("alignment", "alignment")


def _unable(what: str, door: str) -> BadInput:
    able = ", ".join(name for name, room in METHODS.items() if hasattr(room.Method, door))
    return BadInput(f"this method has no {what} to draw. Choose one of: {able}, or draw none.")


def runs_on(method: str | Method) -> tuple[str, ...]:
    """Return the names of devices that a method, by its name, can be asked to run on."""
    return getattr(_ROOMS.get(method), "DEVICES", ()) if isinstance(method, str) else ()


def load_method(
    name: str, /, *, weights: Any = None, device: str = "auto", **options: Any
) -> Method:
    """Return the method of a name in METHODS or BASELINES, with its options (`tune`, `seed`, ...).

    Raises BadInput for an unknown name or option, for weights that the method has no use for, and
    for a device on which it does not run.
    """
    if not isinstance(name, str) or name not in _ROOMS:
        raise BadInput(f"method {name!r} is unknown. Choose one of: {', '.join(_ROOMS)}.")
    room = _ROOMS[name]
    if weights is not None and name not in LEARNED:
        raise BadInput(f"method {name!r} has no weights, {weights} was given. Leave them out.")
    if weights is None and name in LEARNED:
        raise BadInput(
            f"method {name!r} needs weights. Train some (cleanplate train), or turn an official "
            "checkpoint into a file, where there is one: cleanplate weights convert."
        )
    if not isinstance(device, str) or device not in room.DEVICES:
        raise BadInput(
            f"method {name!r} does not run on {device!r}. Choose one of: {', '.join(room.DEVICES)}."
        )
    unknown = options.keys() - set(room.Options.__dataclass_fields__)
    if unknown:
        known = ", ".join(room.Options.__dataclass_fields__)
        raise BadInput(f"method {name!r} has no option {min(unknown)!r}. Choose from: {known}.")
    chosen = room.Options(**options)
    given: dict[str, Any] = {"device": device} if name in (*LEARNED, *FITTED) else {}
    if name in LEARNED:
        given["weights"] = weights
    if name in FITTED and chosen.prior != "none":
        given["draft"] = load_method(chosen.prior, tune=chosen.tune, seed=chosen.seed)
    method: Method = room.Method(chosen, **given)
    return method
