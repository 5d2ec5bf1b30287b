"""Follow an object from frame to frame: carry its mask, ask its colours, settle at edges."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cleanplate.masks.follow.carried import Carried, carry, sound
from cleanplate.masks.follow.colours import Colours, Lab, Plane, labs_of
from cleanplate.masks.follow.edges import settle
from cleanplate.masks.follow.ground import Ground
from cleanplate.masks.follow.motion import Moves, motion_evidence, onward_evidence
from cleanplate.masks.follow.nearby import nearby
from cleanplate.masks.follow.origin import Origin
from cleanplate.masks.follow.shape import SURE, Shape
from cleanplate.region import Region, bounding_box
from cleanplate.warp import warp_by


@dataclass(frozen=True)
class Weights:
    """How much each kind of evidence counts, in logits; chosen on five clips.

    carried: what comes along the flow. shape: what is remembered of the object's shape, where
    nothing is carried that can be trusted; known: the share of that which goes where it can. move:
    whether a pixel moved as the object for some frames; keep: of that, a frame; most: of it at
    most; against: from where on a pixel does not tell how the object moves. onward: what its next
    motion tells of a pixel. ground: whether a pixel differs from what frames before showed behind
    the object. held: what was marked as the object, followed to here, and looks the same. near:
    like pixels nearby. key, recent: colours of the key masks, and of the last frames; rate: at
    which these are learned. far, deep: a pixel further than `band` outside, and
    inside. likeness, step: of ``settle``. doubt: the least that a pixel's evidence counts there.
    sharp: of what comes of it.
    """

    carried: float = 1.0
    shape: float = 1.0
    known: float = 0.3
    move: float = 1.4
    keep: float = 0.85
    most: float = 4.0
    against: float = -1.5
    onward: float = 2.5
    ground: float = 4.0
    held: float = 4.0
    near: float = 0.7
    key: float = 0.6
    recent: float = 0.4
    rate: float = 0.08
    far: float = 0.5
    deep: float = 0.15
    band: float = 12.0
    likeness: float = 5.0
    step: float = 8.0
    doubt: float = 0.15
    sharp: float = 6.0


WEIGHTS = Weights()
_CERTAIN = 0.001  # nearer to 0 or to 1 a mask does not change afterwards
_OUTSIDE = 0.1  # of a mask: less is not the object
_LEAST = 0.02  # a mask is never surer than this, from 0 or from 1
_MOST = 30.0  # logits, beyond which a number means the same
_MARGIN, _MARGIN_SHARE = 24, 0.35  # pixels; of the square root of the object's area
_MEMORY = 0.15  # of what is seen in a frame, in how far a mask is to be trusted
_OVERLAP = 0.1  # of a piece: it must lie where the object is thought to be
_SPECK = 0.01  # of the largest piece: smaller ones are noise


class Follower:
    """An object on its way through a shot.

    soft: (h, w) float32, its mask in the last frame. trust: 0 to 1, how far that is to be trusted.
    """

    def __init__(self, picture: NDArray[np.uint8], mark: Plane, weights: Weights = WEIGHTS) -> None:
        self.weights = weights
        self._key, self._recent = ((Colours(), Colours()) for _ in range(2))
        self._mark(picture, mark, 1.0)

    def correct(self, picture: NDArray[np.uint8], mark: Plane) -> None:
        """Go on from another key mask (h, w); what was learned from those before stays known."""
        self._mark(picture, mark, 0.5)

    def _mark(self, picture: NDArray[np.uint8], mark: Plane, rate: float) -> None:
        labs, sure = labs_of(picture), np.ones_like(mark)
        self._learn(self._key, labs, mark, sure, rate)
        self._learn(self._recent, labs, mark, sure, 1.0)
        self.soft, self.trust = np.array(mark, np.float32), 1.0
        self._shape, self._moves = Shape(self.soft), np.zeros_like(self.soft)
        self._ground = Ground(picture, self.soft)
        self._origin = Origin(self._ground, self.soft * np.clip(_told_by(self._key, labs), 0, 1))

    def step(
        self, picture: NDArray[np.uint8], towards: NDArray[np.float32], back: NDArray[np.float32]
    ) -> None:
        """Find the object in the next picture (h, w, 3); towards, back: flow to it, and back."""
        w = self.weights
        self._hindsight(towards, back)
        moves = self._moving(towards)
        self._shape.go(moves)
        whole = self._shape.soft
        thought = np.maximum(warp_by(self.soft, back), whole)
        differs = self._ground.compare(picture, moves.camera, thought)
        self._origin.follow(self._ground, towards, back)
        part = _around(thought)
        if part is None:
            self.soft, self.trust = np.zeros_like(self.soft), 0.0
            self._ground.learn(self.soft)
            return
        full = labs_of(picture)
        labs = [np.ascontiguousarray(part.crop(lab)) for lab in full]
        carried, shape = carry(self.soft, towards, back, part), part.crop(whole)
        moved = np.float32(w.keep) * part.crop(warp_by(self._moves, back))
        around = np.maximum(carried.soft, shape) < _OUTSIDE
        held = part.crop(self._origin.held)
        moved += _unheld(motion_evidence(part.crop(back), part, moves, around), held)
        moved = np.asarray(np.clip(moved * carried.trust, -w.most, w.most), np.float32)
        told = np.asarray(
            w.move * moved + w.ground * part.crop(differs) + w.held * held, np.float32
        )
        wanted = self._wanted(labs, carried, shape, told)
        prior = np.float32(w.doubt) + np.abs(2 * wanted - 1)
        found = settle(wanted, prior, labs[0], likeness=w.likeness, step=w.step)
        found = _pieces(_sharpened(found, w.sharp), np.maximum(carried.soft, shape))
        self.soft, self._moves = np.zeros_like(self.soft), np.zeros_like(self.soft)
        part.crop(self.soft)[...], part.crop(self._moves)[...] = found, moved
        self._shape.learn(self.soft)
        self._ground.learn(self.soft)
        self._doubt(found, labs[0])
        sure = np.abs(2 * self.soft - 1) * (1 - np.abs(self.soft - whole))
        self._learn(self._recent, full, self.soft, sure, w.rate)

    def _moving(self, towards: NDArray[np.float32]) -> Moves:
        """Return how the object goes on, as far as its pixels are not known to move otherwise."""
        return self._shape.moves(self.soft * (self._moves > self.weights.against), towards)

    def _hindsight(self, towards: NDArray[np.float32], back: NDArray[np.float32]) -> None:
        """Correct the last mask by how its pixels go on: what was just uncovered tells only now."""
        part = _around(self.soft)
        if part is None:
            return
        self.soft = self.soft.copy()  # who was shown the last mask keeps it as it was
        way, seen = np.ascontiguousarray(part.crop(towards)), part.crop(self.soft)
        told = onward_evidence(way, part, self._moving(towards), seen < _OUTSIDE)
        told = _unheld(told * sound(way, back, part), part.crop(self._origin.held))
        unsure = (seen > _CERTAIN) & (seen < 1 - _CERTAIN)
        seen[unsure] = _chance(_logit(seen) + np.float32(self.weights.onward) * told)[unsure]

    def _wanted(self, labs: list[Lab], carried: Carried, shape: Plane, told: Plane) -> Plane:
        """Return how likely each pixel is the object's, (h, w), by all that is known.

        told: (h, w) logits, what else speaks for it.
        """
        w = self.weights
        mean, behind = nearby(labs[0], carried.soft, np.square(carried.trust))
        logits = w.carried * carried.trust * _logit(carried.soft)
        logits += w.shape * (1 - w.known * carried.trust) * _logit(shape)
        logits += told + w.near * behind / (behind + 1) * _logit(mean)
        logits += w.key * _told_by(self._key, labs) + w.recent * _told_by(self._recent, labs)
        inside = (np.maximum(carried.soft, shape) > SURE).astype(np.uint8)
        for side, cost in ((1 - inside, -w.far), (inside, w.deep)):
            away = cv2.distanceTransform(side, cv2.DIST_L2, cv2.DIST_MASK_3)
            logits += cost * np.maximum(away - w.band, 0)
        return _chance(logits)

    def _doubt(self, found: Plane, lab: Lab) -> None:
        """Trust the mask as far as the shape is in sight and has its colours, as of late."""
        inside = found > SURE
        alike = float((self._key[0].evidence(lab)[inside] > 0).mean()) if inside.any() else 0.0
        self.trust += _MEMORY * (self._shape.share(self.soft) * alike - self.trust)

    def _learn(
        self,
        models: tuple[Colours, Colours],
        labs: list[Lab],
        soft: Plane,
        weight: Plane,
        rate: float,
    ) -> None:
        """Learn the colours of the object and of what is around it; weight: (h, w)."""
        part = _around(soft)
        if part is None:
            return
        inside, counted = np.ascontiguousarray(part.crop(soft)), part.crop(weight)
        for model, lab in zip(models, labs, strict=True):
            model.learn(np.ascontiguousarray(part.crop(lab)), inside, counted, rate=rate)


def _around(soft: Plane) -> Region | None:
    """Return where to look: the object and its surroundings; None where there is none."""
    box = bounding_box(soft > SURE, margin=0)
    if box is None:
        return None
    margin = max(_MARGIN, round(_MARGIN_SHARE * float((soft > SURE).sum()) ** 0.5))
    return Region.spanning(*box).grown(margin, (soft.shape[0], soft.shape[1]))


def _told_by(models: tuple[Colours, Colours], labs: list[Lab]) -> Plane:
    """Return how colours speak for the object, (h, w) logits, as far as they tell it apart."""
    told = [
        np.float32(model.trust) * model.evidence(lab)
        for model, lab in zip(models, labs, strict=True)
    ]
    return np.asarray(told[0] + told[1], np.float32)


def _unheld(told: Plane, held: Plane) -> Plane:
    """Return what motion tells; that it stands still tells nothing of what is held for sure."""
    return np.asarray(np.where(told < 0, told * (1 - held), told), np.float32)


def _logit(soft: Plane) -> Plane:
    bound = np.clip(soft, _LEAST, 1 - _LEAST)
    return np.asarray(np.log(bound / (1 - bound)), np.float32)


def _chance(logits: Plane) -> Plane:
    return np.asarray(1 / (1 + np.exp(-np.clip(logits, -_MOST, _MOST))), np.float32)


def _sharpened(soft: Plane, by: float) -> Plane:
    """Make a mask steeper around a half; 0 and 1 stay."""
    steep = np.tanh(by / 2 * (soft - 0.5))
    return np.asarray(0.5 + 0.5 * steep / np.tanh(by / 4), np.float32)


def _pieces(soft: Plane, thought: Plane) -> Plane:
    """Drop pieces of a mask that lie where the object is not thought to be, and specks."""
    count, labels, facts, _ = cv2.connectedComponentsWithStats(
        (soft > SURE).astype(np.uint8), connectivity=4
    )
    if count < 3:
        return soft
    areas = facts[:, cv2.CC_STAT_AREA]
    overlap = np.bincount(labels.ravel(), (thought > SURE).ravel(), count)
    keep = (overlap >= _OVERLAP * areas) & (areas >= _SPECK * areas[1:].max())
    keep[0] = True
    return np.asarray(soft * keep[labels], np.float32)
