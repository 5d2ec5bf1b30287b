"""Follow an object by a network that is fitted to its mask in one frame, or in several.

Ouyang, Wang, Chen, "Internal Video Inpainting by Implicit Long-range Propagation", ICCV 2021,
section 4.2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from cleanplate.canvas import fitting_size
from cleanplate.configs import checked
from cleanplate.devices import PRECISIONS, device_named, precision_named
from cleanplate.errors import BadInput
from cleanplate.masks.follow.legs import Course, Marks, Picture, Read
from cleanplate.masks.follow.trail import Soft, Trail, Watch
from cleanplate.masks.generous import SURE, sure_of
from cleanplate.masks.keys import check_reach
from cleanplate.methods.internal.fit import fit
from cleanplate.methods.internal.mask_lesson import Marked, MaskLesson
from cleanplate.methods.internal.mask_network import UNIT, MaskConfig, MaskNetwork
from cleanplate.methods.internal.material import to_tensor
from cleanplate.methods.internal.plan import Plan
from cleanplate.region import reduce_picture

CONFIGS = ("small", "official", "tiny")
LARGEST = (160, 288)  # (height, width) of the pictures that it is looked for in
TOGETHER = 4  # frames

_FITTED = 900  # of a thousand parts of the work
_REACH = 0.03  # of the height, by which the object may be away from where it was a frame ago
_LOST = 0.2  # of its area: less than that is not the object, but what is left of it

Progress = Callable[[int, int | None], None]


@dataclass(frozen=True)
class TrackOptions(Plan):
    """How long a network is fitted to the masks, and which.

    steps, budget and the others: as of a Plan; whichever ends first. config: the "official" code's,
    a "small" or a "tiny" one. batch: pictures a step. background: how much it counts to be right
    beside the object, the paper's 0.8. precision: "auto" is bf16 where the machine has it. Raises
    BadInput.
    """

    steps: int = 6000
    budget: str | None = "2m"
    learning_rate: float = 5e-3
    config: str = "small"
    batch: int = 2
    background: float = 0.8
    precision: str = "auto"

    def __post_init__(self) -> None:
        """Refuse values that mean nothing."""
        super().__post_init__()
        self._check_whole("batch", 1)
        self._check_known("config", CONFIGS)
        self._check_known("precision", PRECISIONS)
        if not 0 < checked(float, self.background, "background") <= 1:
            raise BadInput(f"background is {self.background}. Give a share above 0, 1 at most.")


def follow_fitted(
    read: Read,
    marks: Marks,
    *,
    options: TrackOptions | None = None,
    device: str = "auto",
    progress: Progress | None = None,
    watch: Watch | None = None,
) -> Course:
    """Follow an object through a clip, as `masks.follow.follow`, by a network fitted to its masks.

    It is looked for in every frame, also beyond cuts; after an empty mask not until the next one.
    Of the clip a few frames are held at a time. progress: called with thousandths of the work.
    watch: see there.
    """
    options, place = options or TrackOptions(), device_named(device)
    report = progress or (lambda done, total: None)
    bf16 = precision_named(options.precision, place) == torch.bfloat16
    size = next(iter(marks.values())).shape
    small = fitting_size((size[0], size[1]), LARGEST, UNIT)
    marked = _marked(read, marks, small)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(options.seed % (1 << 63))
        network = MaskNetwork(getattr(MaskConfig, options.config)()).to(place)
    network.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
    lesson = MaskLesson(
        marked,
        batch=options.batch,
        background=options.background,
        seed=options.seed,
        device=place,
    )
    fit(network, lesson, options, bf16=bf16, progress=lambda s: report(int(_FITTED * s), 1000))
    course = Course(Trail((size[0], size[1]), watch))
    for soft in _found(read, network, small, place, bf16):
        whole = cv2.resize(soft, size[::-1], interpolation=cv2.INTER_LINEAR)
        course.trail.put(course.frames, np.asarray(whole, np.float32), _trust(soft))
        course.frames += 1
    settle(marks, course)
    report(1000, 1000)
    return course


def _marked(read: Read, marks: Marks, size: tuple[int, int]) -> dict[int, Marked]:
    """Return the frames that have a mask, at the network's size; raises BadInput for others."""
    marked: dict[int, Marked] = {}
    count = 0
    for count, picture in enumerate(read(0, max(marks) + 1), start=1):
        mark = marks.get(count - 1)
        if mark is not None:
            hole = sure_of(reduce_picture(mark, size))
            marked[count - 1] = Marked(_levels(picture, size), hole)
    check_reach(marks, count)
    return marked


def _levels(picture: Picture, size: tuple[int, int]) -> NDArray[np.float32]:
    """Return a picture at a size, from -1 to 1."""
    return reduce_picture(picture, size).astype(np.float32) / 127.5 - 1


@torch.no_grad()
def _found(
    read: Read, network: MaskNetwork, size: tuple[int, int], device: torch.device, bf16: bool
) -> Iterator[Soft]:
    """Yield where the network finds the object in every frame of a clip, (h, w) from 0 to 1."""
    network.eval()
    pictures = read(0, None)
    while some := list(islice(pictures, TOGETHER)):
        given = to_tensor(np.stack([_levels(picture, size) for picture in some]), device)
        with torch.autocast(device.type, torch.bfloat16, enabled=bf16):
            logits = network(given)
        yield from torch.sigmoid(logits.float())[:, 0].cpu().numpy()


def _trust(soft: Soft) -> float:
    """Return how sure the network is of what it takes for the object, 0 to 1."""
    sure = soft[soft > SURE]
    return float(2 * sure.mean() - 1) if len(sure) else 0.0


def settle(marks: Marks, course: Course) -> None:
    """Keep of every frame what lies near the object in the one before, from the masks on."""
    trail, first = course.trail, min(marks)
    reach = max(1, round(_REACH * trail.size[0]))
    for key in marks:
        trail.put(key, marks[key], 1.0)
    for frames in (range(first, course.frames), range(first, -1, -1)):
        before, lost, gone = np.zeros(trail.size, np.bool_), 0, False
        for number in frames:
            if number in marks:
                before, lost = marks[number] > SURE, 0
                gone = not before.any()
                continue
            if gone:
                trail.put(number, np.zeros(trail.size, np.float32), 1.0)
                continue
            soft = trail.soft(number)
            near = _near(soft, before, reach * (1 + lost))
            if near.sum() > _LOST * before.sum():
                before, lost = near, 0
            else:
                lost += 1
            trail.put(number, soft * _around(near, reach), trail.trust(number))


def _near(soft: Soft, before: NDArray[np.bool_], reach: float) -> NDArray[np.bool_]:
    """Return the patches of a soft mask that come near another mask."""
    _, patches = cv2.connectedComponents((soft > SURE).astype(np.uint8))
    away = cv2.distanceTransform((~before).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_3)
    close = np.unique(patches[(away <= reach) & (patches > 0)])
    return np.asarray(np.isin(patches, close[close > 0]))


def _around(hole: NDArray[np.bool_], reach: int) -> NDArray[np.bool_]:
    """Return a hole and what lies right around it."""
    box = np.ones((2 * reach + 1, 2 * reach + 1), np.uint8)
    return cv2.dilate(hole.astype(np.uint8), box) > 0
