"""Fill the hole in a video so that nobody would know.

The public names, nothing else. They are imported when first used, so that a command that needs
none of them starts at once.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleanplate.errors import BadInput, BadOutput, CleanplateError
    from cleanplate.io import Encoding, Video, read_video, write_video
    from cleanplate.jobs.plan import Plan, plan_file
    from cleanplate.learn import train
    from cleanplate.masks import MaskOptions, grow, read_holes
    from cleanplate.masks.select import select
    from cleanplate.masks.shadow import grow_shadow
    from cleanplate.masks.static import find_static
    from cleanplate.masks.subtitles import find_subtitles
    from cleanplate.masks.track import track
    from cleanplate.masks.track_file import track_file
    from cleanplate.methods import BASELINES, METHODS, load_method
    from cleanplate.metrics import METRICS
    from cleanplate.metrics.score import score
    from cleanplate.motion import flow_file
    from cleanplate.pipeline import fill, fill_file
    from cleanplate.report.compare import compare
    from cleanplate.report.evaluate import evaluate
    from cleanplate.summary import Summary
    from cleanplate.tracking import SELECTORS, TRACKERS, load_selector, load_tracker
    from cleanplate.unblending import unblend, unblend_file
    from cleanplate.video import Filled, Provenance

__version__ = "0.1.0"

_HOMES = {
    "BASELINES": "methods",
    "METHODS": "methods",
    "METRICS": "metrics",
    "SELECTORS": "tracking",
    "TRACKERS": "tracking",
    "BadInput": "errors",
    "BadOutput": "errors",
    "CleanplateError": "errors",
    "Encoding": "io",
    "Filled": "video",
    "MaskOptions": "masks",
    "Plan": "jobs.plan",
    "Provenance": "video",
    "Summary": "summary",
    "Video": "io",
    "compare": "report.compare",
    "evaluate": "report.evaluate",
    "fill": "pipeline",
    "fill_file": "pipeline",
    "find_static": "masks.static",
    "find_subtitles": "masks.subtitles",
    "flow_file": "motion",
    "grow": "masks",
    "grow_shadow": "masks.shadow",
    "load_method": "methods",
    "load_selector": "tracking",
    "load_tracker": "tracking",
    "plan_file": "jobs.plan",
    "read_holes": "masks",
    "read_video": "io",
    "score": "metrics.score",
    "select": "masks.select",
    "track": "masks.track",
    "track_file": "masks.track_file",
    "train": "learn",
    "unblend": "unblending",
    "unblend_file": "unblending",
    "write_video": "io",
}

__all__ = [
    "BASELINES",
    "METHODS",
    "METRICS",
    "SELECTORS",
    "TRACKERS",
    "BadInput",
    "BadOutput",
    "CleanplateError",
    "Encoding",
    "Filled",
    "MaskOptions",
    "Plan",
    "Provenance",
    "Summary",
    "Video",
    "compare",
    "evaluate",
    "fill",
    "fill_file",
    "find_static",
    "find_subtitles",
    "flow_file",
    "grow",
    "grow_shadow",
    "load_method",
    "load_selector",
    "load_tracker",
    "plan_file",
    "read_holes",
    "read_video",
    "score",
    "select",
    "track",
    "track_file",
    "train",
    "unblend",
    "unblend_file",
    "write_video",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
