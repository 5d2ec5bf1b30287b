"""The page of a user study: clips in random order, methods unnamed, to be ranked; one file."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from cleanplate.errors import BadInput
from cleanplate.report.answers import Key, check_key, seal
from cleanplate.report.html import as_script, assemble

Scene = Mapping[str, Any]


def study_page(scenes: Sequence[Scene]) -> str:
    """Return the page of a study as HTML that needs nothing else, not even a network.

    scenes: clips, each a mapping with its `name`, `height`, `width`, `rate` (frames a second),
    `frames` (URIs of the pictures), `holes` (may be absent) and `takes`, mappings with the `name`
    of a method, `boxes` and `fill`; see assets/player.js. Other fields are not written. All clips
    show the same methods; clips without a frame are left out. The page names neither clips nor
    methods: what its answers mean is sealed, for `read_answers`. The same scenes always make the
    same page. Raises BadInput.
    """
    shown = sorted((scene for scene in scenes if scene["frames"]), key=_name)
    for scene in shown:
        _check(scene)
    study = _digest(json.dumps([_named(scene) for scene in shown], sort_keys=True))
    try:
        key = seal(check_key(_key(study, shown)))
    except ValueError as wrong:
        raise BadInput(
            f"a study cannot be made of this: {wrong}. Show the same methods on all clips."
        ) from None
    pages = sorted((_clip(study, scene) for scene in shown), key=_id)
    return assemble(
        "study.html",
        {
            "study": as_script({"study": study, "key": key, "clips": [c["id"] for c in pages]}),
            "clips": "\n".join(map(_script, pages)),
        },
    )


def _script(clip: Mapping[str, Any]) -> str:
    """Put a clip into a script of its own, to be read when it is shown."""
    return (
        f'<script type="application/json" class="clip" id="{clip["id"]}">{as_script(clip)}</script>'
    )


def _check(scene: Scene) -> None:
    """Refuse a clip of which something was not kept; raises BadInput."""
    for take in scene["takes"]:
        if len(take.get("boxes", ())) != len(scene["frames"]):
            raise BadInput(
                f"of {take['name']} on clip {scene['name']!r} other frames were kept than of the "
                "clip, or none. Run it again, or leave the clip out."
            )


def _key(study: str, scenes: Sequence[Scene]) -> Key:
    """Return what the names in the page stand for; raises ValueError where two are the same."""
    clips, takes = {}, {}
    for scene in scenes:
        clip = _digest(study, scene["name"])
        clips[clip] = scene["name"]
        for take in scene["takes"]:
            takes[_digest(study, scene["name"], take["name"])] = (clip, take["name"])
    if len(clips) < len(scenes):
        raise ValueError("two of its clips have the same name")
    if len(takes) < sum(len(scene["takes"]) for scene in scenes):
        raise ValueError("a clip shows one method twice")
    return Key(clips, takes)


def _named(scene: Scene) -> dict[str, Any]:
    """Return what of a scene makes it another study when it changes."""
    takes = [_take(take, take["name"]) for take in sorted(scene["takes"], key=_name)]
    return {**_pictures(scene), "name": scene["name"], "takes": takes}


def _clip(study: str, scene: Scene) -> dict[str, Any]:
    """Return what the page holds of a clip: no names, and takes in an order that tells nothing."""
    name = scene["name"]
    takes = [_take(take, _digest(study, name, take["name"])) for take in scene["takes"]]
    return {**_pictures(scene), "id": _digest(study, name), "takes": sorted(takes, key=_id)}


def _pictures(scene: Scene) -> dict[str, Any]:
    wanted = ("height", "width", "rate", "frames", "holes")
    return {field: scene[field] for field in wanted if field in scene}


def _take(take: Scene, identity: str) -> dict[str, Any]:
    boxes = take["boxes"]
    return {"id": identity, "boxes": boxes, "fill": take.get("fill", [None] * len(boxes))}


def _name(thing: Mapping[str, Any]) -> str:
    return str(thing["name"])


def _id(take: Mapping[str, Any]) -> str:
    return str(take["id"])


def _digest(*parts: str) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()[:16]
