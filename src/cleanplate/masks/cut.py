"""Cut an object out of one picture: colours, what must be crossed to get out, what moves.

Several cues, none of which is right everywhere, say for each pixel how likely it is the object's;
their weights are a logistic regression's, over frames of five clips. What comes of it follows the
edges of the picture, and where something was said for sure, GrabCut has the last word.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.barrier import barrier
from cleanplate.masks.follow.colours import Colours, Plane, labs_of
from cleanplate.masks.follow.edges import settle
from cleanplate.masks.stirred import Field, as_colours, how_far, stirred
from cleanplate.region import Region, bounding_box
from cleanplate.video import Holes

Picture = NDArray[np.uint8]

_SIDE = 200  # pixels of a box's longer side where cues are looked at
_AROUND, _LEAST_AROUND = 0.25, 12  # of the longer side, and pixels: what is looked at around a box
_ROUNDS, _LAST_ROUNDS = 5, 2  # of GrabCut as a cue, and at the end: more forget the guess
_CENTRE, _RIM = 2.0, 0.3  # logits from a box's middle to its rim; where they are 0, from there
_BLUR = 0.04  # of the longer side: over which GrabCut's opinion is taken once more
# Logits for `barrier`, GrabCut, GrabCut nearby, colours, colours of motion, how far it moves, and
# for nothing; where other frames show how things move, and of a picture alone.
MOVING = (2.9, 2.0, -1.9, 0.9, 2.0, 0.6, -4.6)
ALONE = (2.8, 1.3, 1.1, 1.0, -3.2)
_LIKENESS, _STEP = 3.0, 8.0  # of ``settle``
_TELLS = 0.5  # mean of `how_far` in a box: with less nothing moves there
_DOUBT, _SAID = 0.1, 3.0  # the least that a pixel's guess counts there, and what is said


def cut_out(picture: Picture, hints: NDArray[np.uint8], others: Sequence[Picture] = ()) -> Holes:
    """Return the object (h, w) in a picture (h, w, 3).

    hints: (h, w), in GrabCut's terms: surely the object, surely not, perhaps (as in a box), or
    perhaps not. others: frames near it, which show what moves. Only what may be the object, and
    what is around, is looked at.
    """
    found = np.zeros(hints.shape, np.bool_)
    box = bounding_box((hints == cv2.GC_PR_FGD) | (hints == cv2.GC_FGD), margin=0)
    if box is None:
        return found
    inner = Region.spanning(*box)
    sides = max(inner.bottom - inner.top, inner.right - inner.left)
    margin = max(_LEAST_AROUND, round(_AROUND * sides))
    region = inner.grown(margin, (hints.shape[0], hints.shape[1]))
    part, labels = np.ascontiguousarray(region.crop(picture)), region.crop(hints).copy()
    if not ((labels == cv2.GC_BGD) | (labels == cv2.GC_PR_BGD)).any():
        region.crop(found)[...] = True  # nothing tells what the object is not
        return found
    motions = [region.crop(m) for m in stirred(picture, others, inner) if _tells(inner.crop(m))]
    guess = _guess(part, labels, motions, min(1.0, _SIDE / sides))
    if (inner.within(region).crop(labels) == cv2.GC_BGD).any() or (labels == cv2.GC_FGD).any():
        labels[(labels == cv2.GC_PR_FGD) & ~guess] = cv2.GC_PR_BGD
        guess = _grab_cut(part, labels, _LAST_ROUNDS)
    region.crop(found)[...] = guess
    return found


def _guess(
    part: Picture, labels: NDArray[np.uint8], motions: Sequence[Field], scale: float
) -> Holes:
    """Guess which of the pixels (h, w) that may be the object's are, from cues and edges."""
    size = (max(8, round(scale * part.shape[0])), max(8, round(scale * part.shape[1])))
    small = [
        cv2.resize(plane, size[::-1], interpolation=how)
        for plane, how in ((part, cv2.INTER_AREA), (labels, cv2.INTER_NEAREST))
    ]
    planes = cues(np.asarray(small[0], np.uint8), np.asarray(small[1], np.uint8), motions)
    logits = _weighed(planes, MOVING if motions else ALONE)
    large = cv2.resize(logits, part.shape[1::-1], interpolation=cv2.INTER_LINEAR)
    perhaps, sure = labels == cv2.GC_PR_FGD, labels == cv2.GC_FGD
    soft = np.where(perhaps, _chance(np.asarray(large, np.float32)), sure).astype(np.float32)
    trust = np.where(perhaps, _DOUBT + np.abs(2 * soft - 1), _SAID).astype(np.float32)
    settled = settle(soft, trust, labs_of(part)[0], likeness=_LIKENESS, step=_STEP)
    return np.asarray(sure | (perhaps & (settled > 0.5)), np.bool_)


def cues(part: Picture, labels: NDArray[np.uint8], motions: Sequence[Field]) -> list[Plane]:
    """Return what each cue says of the pixels (h, w) of a small picture, in the order of MOVING.

    labels: (h, w), as ``hints`` of `cut_out`. motions: of any size; without any, two cues less.
    """
    perhaps, sure = labels == cv2.GC_PR_FGD, labels == cv2.GC_FGD
    around = ~(perhaps | sure)
    middle = np.where(perhaps, _chance(_middle(perhaps | sure)), sure).astype(np.float32)
    lab = labs_of(part)[0]
    cut = _grab_cut(part, labels.copy(), _ROUNDS).astype(np.float32)
    sides = max(labels.shape)
    planes = [
        _ranked(_barriers(lab, around), perhaps),
        cut,
        np.asarray(cv2.GaussianBlur(cut, (0, 0), _BLUR * sides), np.float32),
        _evidence(lab, middle),
    ]
    if motions:
        fields = [_shrunk(motion, labels.shape) for motion in motions]
        planes.append(_mean([_evidence(as_colours(field), middle) for field in fields]))
        planes.append(_mean([how_far(field) for field in fields]))
    return planes


def _barriers(lab: Picture, seeds: NDArray[np.bool_]) -> Plane:
    """Return the barrier distance (h, w) to seeds, over the channels of colours (h, w, 3)."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0).astype(np.float32)
    return _mean([barrier(smooth[..., channel], seeds) for channel in range(3)])


def _evidence(lab: Picture, middle: Plane) -> Plane:
    """Return how colours (h, w, 3) speak for an object that is more likely in the middle."""
    colours = Colours()
    colours.learn(lab, middle, np.ones_like(middle), rate=1.0)
    return colours.evidence(lab)


def _ranked(plane: Plane, where: NDArray[np.bool_]) -> Plane:
    """Return the rank of each pixel of a region, 0 to 1, by what a plane (h, w) says; else 0."""
    ranks, values = np.zeros_like(plane), plane[where]
    ranks[where] = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(
        1, len(values)
    )
    return ranks


def _grab_cut(part: Picture, labels: NDArray[np.uint8], rounds: int) -> Holes:
    """Return what GrabCut takes for the object (h, w), from labels on, which it changes."""
    if (labels == cv2.GC_PR_FGD).any() or (labels == cv2.GC_FGD).any():
        cv2.setRNGSeed(0)  # its mixtures of colours begin at random
        state = np.zeros((2, 1, 65), np.float64)
        mode = cv2.GC_INIT_WITH_MASK
        cv2.grabCut(part, labels, (0, 0, 1, 1), state[0], state[1], rounds, mode)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), np.bool_)


def _weighed(planes: Sequence[Plane], weights: Sequence[float]) -> Plane:
    """Return logits (h, w): the cues by their weights, and the last weight."""
    logits = np.full_like(planes[0], weights[-1])
    for plane, weight in zip(planes, weights[:-1], strict=True):
        logits += np.float32(weight) * plane
    return logits


def _tells(motion: Field) -> bool:
    """Tell whether anything moves in a box beside the camera."""
    return float(how_far(motion).mean()) > _TELLS


def _mean(planes: Sequence[Plane]) -> Plane:
    return np.asarray(np.mean(planes, axis=0), np.float32)


def _shrunk(motion: Field, size: tuple[int, ...]) -> Field:
    small = cv2.resize(motion, (size[1], size[0]), interpolation=cv2.INTER_AREA)
    return np.asarray(small, np.float32)


def _middle(inside: NDArray[np.bool_]) -> Plane:
    """Return what a pixel's place says for the object, in logits: most in the middle of a box."""
    box = bounding_box(inside, margin=0)
    assert box is not None
    across = [np.linspace(-1, 1, 2 * (side.stop - side.start) + 1)[1::2] for side in box]
    radius = np.hypot(across[0][:, None], across[1])
    prior = np.full(inside.shape, -np.float32(_CENTRE), np.float32)
    prior[box] = _CENTRE * (1 - radius - _RIM)
    return prior


def _chance(logits: Plane) -> Plane:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
