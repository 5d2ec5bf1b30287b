"""Cut an object out of one picture, from what is known of some pixels: colours, places, edges.

GrabCut (Rother, Kolmogorov, Blake, SIGGRAPH 2004), which takes the ground inside a box for the
object when it begins with the whole box: so it begins with a guess, of what has other colours than
what is around the box, and than what is around it nearby.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.follow.colours import Colours, Plane, labs_of
from cleanplate.masks.follow.edges import settle
from cleanplate.masks.follow.nearby import nearby
from cleanplate.region import Region, bounding_box
from cleanplate.video import Holes

CELL = 48.0  # pixels: how near like pixels have to be
_ROUNDS = 2  # of GrabCut: more forget the guess
_GUESSES = 4
_AROUND, _LEAST_AROUND = 0.2, 24  # of the longer side, and pixels: what is looked at around a box
_CENTRE, _RIM = 2.0, 0.3  # logits from a box's middle to its rim; where they are 0, from there
_BEHIND = 3.0  # pixels of weight that make what is nearby count half
_LIKENESS, _STEP = 3.0, 8.0  # of ``settle``
_DOUBT = 0.1  # the least that a pixel's guess counts there
_LEAST = 0.02  # no guess is surer, from 0 or from 1


def cut_out(picture: NDArray[np.uint8], hints: NDArray[np.uint8]) -> Holes:
    """Return the object (h, w) in a picture (h, w, 3).

    hints: (h, w), in GrabCut's terms: surely the object, surely not, perhaps (as in a box), or
    perhaps not. Only what may be the object, and what is around, is looked at.
    """
    found = np.zeros(hints.shape, np.bool_)
    box = bounding_box((hints == cv2.GC_PR_FGD) | (hints == cv2.GC_FGD), margin=0)
    if box is None:
        return found
    region = Region.spanning(*box)
    sides = max(region.bottom - region.top, region.right - region.left)
    margin = max(_LEAST_AROUND, round(_AROUND * sides))
    region = region.grown(margin, (hints.shape[0], hints.shape[1]))
    part, labels = np.ascontiguousarray(region.crop(picture)), region.crop(hints).copy()
    if not ((labels == cv2.GC_BGD) | (labels == cv2.GC_PR_BGD)).any():
        region.crop(found)[...] = True  # nothing tells what the object is not
        return found
    labels[(labels == cv2.GC_PR_FGD) & ~_guess(part, labels)] = cv2.GC_PR_BGD
    if (labels == cv2.GC_PR_FGD).any() or (labels == cv2.GC_FGD).any():
        cv2.setRNGSeed(0)  # its mixtures of colours begin at random
        state = np.zeros((2, 1, 65), np.float64)
        mode = cv2.GC_INIT_WITH_MASK
        cv2.grabCut(part, labels, (0, 0, 1, 1), state[0], state[1], _ROUNDS, mode)
    region.crop(found)[...] = (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)
    return found


def _guess(picture: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Holes:
    """Guess which of the pixels (h, w) that may be the object's are: by turns, mask and colours."""
    perhaps, sure = labels == cv2.GC_PR_FGD, labels == cv2.GC_FGD
    prior, labs, models = _middle(perhaps | sure), labs_of(picture), (Colours(), Colours())
    known = np.asarray(~perhaps, np.float32)
    soft = np.where(perhaps, _likely(prior), sure).astype(np.float32)
    for _ in range(_GUESSES):
        logits = prior.copy()
        for model, lab in zip(models, labs, strict=True):
            model.learn(lab, soft, np.ones_like(soft), rate=1.0)
            logits += model.evidence(lab)
        mean, behind = nearby(labs[0], soft, known, cell=CELL)
        bound = np.clip(mean, _LEAST, 1 - _LEAST)
        logits += behind / (behind + np.float32(_BEHIND)) * np.log(bound / (1 - bound))
        soft = np.where(perhaps, _likely(logits), soft).astype(np.float32)
        trust = np.where(perhaps, np.float32(_DOUBT) + np.abs(2 * soft - 1), 3).astype(np.float32)
        settled = settle(soft, trust, labs[0], likeness=_LIKENESS, step=_STEP)
        soft = np.where(perhaps, settled, soft).astype(np.float32)
        known = np.where(perhaps, np.abs(2 * soft - 1), 1).astype(np.float32)
    return np.asarray(soft > 0.5, np.bool_)


def _middle(inside: NDArray[np.bool_]) -> Plane:
    """Return what a pixel's place says for the object, in logits: most in the middle of a box."""
    box = bounding_box(inside, margin=0)
    assert box is not None
    across = [np.linspace(-1, 1, 2 * (side.stop - side.start) + 1)[1::2] for side in box]
    radius = np.hypot(across[0][:, None], across[1])
    prior = np.full(inside.shape, -np.float32(_CENTRE), np.float32)
    prior[box] = _CENTRE * (1 - radius - _RIM)
    return prior


def _likely(logits: Plane) -> Plane:
    return np.asarray(1 / (1 + np.exp(-logits)), np.float32)
