"""Cues for what is an object in one picture: colours, what must be crossed to get out, what moves.

None of them is right everywhere; their weights are a logistic regression's, over frames of six
clips: the five for tuning, and one for training.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.barrier import barrier
from cleanplate.masks.elsewhere import elsewhere
from cleanplate.masks.follow.colours import Colours, Plane, labs_of
from cleanplate.masks.stirred import Field, as_colours, how_far, stirred
from cleanplate.region import Region, bounding_box, reduce_picture
from cleanplate.video import Holes

Picture = NDArray[np.uint8]

_ROUNDS = 5  # of GrabCut: more forget where it began
_CENTRE, _RIM = 2.0, 0.3  # logits from a box's middle to its rim; where they are 0, from there
_BLUR = 0.04  # of the longer side: over which GrabCut's opinion is taken once more
_NEAREST = 3  # frames that tell how things move: flow to them is good still
_TELLS = 0.5  # mean of `how_far` in a box: with less nothing moves there
# Logits for colours, and colours of motion; `barrier`, GrabCut, GrabCut nearby, how far it moves,
# how often something else is shown, and surely something else; last for nothing. A row a pass, each
# of which learns the colours of what the one before took for the object; by the number of cues.
_PASSES = {
    4: ((1.0, 2.8, 1.3, 1.1, -3.2),),
    6: ((0.9, 2.0, 2.9, 2.0, -1.9, 0.6, -4.6),),
    8: (
        (0.6, 0.6, 1.4, 1.2, -0.2, 0.5, 2.0, 1.0, -5.1),
        (0.4, 0.6, 1.1, 1.0, -0.1, 0.2, 1.7, 0.8, -4.0),
    ),
}


class Near(NamedTuple):
    """What frames near one show of a part of it that is looked at.

    motions: (h, w, 2) each, how things move beside the camera, where they do. shares: (h, w) each,
    see `elsewhere`.
    """

    motions: Sequence[Field] = ()
    shares: Sequence[Plane] = ()


def shown_near(
    picture: Picture, others: Sequence[Picture], box: Region, part: Region, size: tuple[int, int]
) -> Near:
    """Return what others show of a part of a picture, (H, W, 3) each, reduced to a size (h, w)."""
    fields = stirred(picture, others[:_NEAREST], box)
    telling = [field for field in fields if float(how_far(box.crop(field)).mean()) > _TELLS]
    motions = [np.asarray(reduce_picture(part.crop(field), size)) for field in telling]
    return Near(motions, elsewhere(picture, others, box, part, size)) if motions else Near()


def logits_of(part: Picture, labels: NDArray[np.uint8], near: Near) -> Plane:
    """Return how likely pixels (h, w) are an object's, in logits.

    part: (h, w, 3). labels: (h, w), as ``hints`` of `cut_out`.
    """
    perhaps, sure = labels == cv2.GC_PR_FGD, labels == cv2.GC_FGD
    lab = labs_of(part)[0]
    steady = _steady(part, lab, labels, near)
    logits = _middle(perhaps | sure)
    for *weights, nothing in _PASSES[1 + bool(near.motions) + len(steady)]:
        thing = np.where(perhaps, chance(logits), sure).astype(np.float32)
        planes = [*_learned(lab, thing, near), *steady]
        logits = np.full(labels.shape, nothing, np.float32)
        for plane, weight in zip(planes, weights, strict=True):
            logits += np.float32(weight) * plane
    return logits


def _learned(lab: Picture, thing: Plane, near: Near) -> list[Plane]:
    """Return what colours say, and those of motion, learned from what an object may be, (h, w)."""
    planes = [_evidence(lab, thing)]
    if near.motions:
        planes.append(_mean([_evidence(as_colours(field), thing) for field in near.motions]))
    return planes


def _steady(part: Picture, lab: Picture, labels: NDArray[np.uint8], near: Near) -> list[Plane]:
    """Return what the other cues say, in the order of the weights."""
    perhaps = labels == cv2.GC_PR_FGD
    around = ~(perhaps | (labels == cv2.GC_FGD))
    inside = grab_cut(part, labels.copy(), _ROUNDS).astype(np.float32)
    wide = cv2.GaussianBlur(inside, (0, 0), _BLUR * max(labels.shape))
    planes = [_ranked(_barriers(lab, around), perhaps), inside, np.asarray(wide, np.float32)]
    if near.motions:
        planes.append(_mean([how_far(field) for field in near.motions]))
    return [*planes, *near.shares]


def _barriers(lab: Picture, seeds: NDArray[np.bool_]) -> Plane:
    """Return the barrier distance (h, w) to seeds, over the channels of colours (h, w, 3)."""
    smooth = cv2.GaussianBlur(lab, (0, 0), 1.0).astype(np.float32)
    return _mean([barrier(smooth[..., channel], seeds) for channel in range(3)])


def _evidence(lab: Picture, thing: Plane) -> Plane:
    """Return how colours (h, w, 3) speak for an object that is likely to be somewhere, (h, w)."""
    colours = Colours()
    colours.learn(lab, thing, np.ones_like(thing), rate=1.0)
    return colours.evidence(lab)


def _ranked(plane: Plane, where: NDArray[np.bool_]) -> Plane:
    """Return the rank of each pixel of a region, 0 to 1, by what a plane (h, w) says; else 0."""
    ranks, values = np.zeros_like(plane), plane[where]
    ranks[where] = np.argsort(np.argsort(values, kind="stable"), kind="stable") / max(
        1, len(values)
    )
    return ranks


def _mean(planes: Sequence[Plane]) -> Plane:
    return np.asarray(np.mean(planes, axis=0), np.float32)


def _middle(inside: NDArray[np.bool_]) -> Plane:
    """Return what a pixel's place says for the object, in logits: most in the middle of a box."""
    box = bounding_box(inside, margin=0)
    assert box is not None
    across = [np.linspace(-1, 1, 2 * (side.stop - side.start) + 1)[1::2] for side in box]
    radius = np.hypot(across[0][:, None], across[1])
    prior = np.full(inside.shape, -np.float32(_CENTRE), np.float32)
    prior[box] = _CENTRE * (1 - radius - _RIM)
    return prior


def grab_cut(part: Picture, labels: NDArray[np.uint8], rounds: int) -> Holes:
    """Return what GrabCut takes for the object (h, w), from labels on, which it changes."""
    if (labels == cv2.GC_PR_FGD).any() or (labels == cv2.GC_FGD).any():
        cv2.setRNGSeed(0)  # its mixtures of colours begin at random
        state = np.zeros((2, 1, 65), np.float64)
        mode = cv2.GC_INIT_WITH_MASK
        cv2.grabCut(part, labels, (0, 0, 1, 1), state[0], state[1], rounds, mode)
    return np.asarray((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD), np.bool_)


def chance(logits: Plane) -> Plane:
    """Return how likely something is, 0 to 1, from its logits."""
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
