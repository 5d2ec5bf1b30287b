"""The published propagation, slowly: a pixel at a time, whole pictures and time stamps kept."""

from __future__ import annotations

import math

import numpy as np


def bilinear(field, y, x):
    row, column = math.floor(y), math.floor(x)
    b, a = y - row, x - column
    above = (1 - a) * field[row, column] + a * field[row, column + 1]
    below = (1 - a) * field[row + 1, column] + a * field[row + 1, column + 1]
    return (1 - b) * above + b * below


def place(y, x, towards, back, epsilon):
    """Row and column in the other frame that show pixel y, x; None where the flows disagree."""
    height, width = towards.shape[:2]
    dx, dy = (float(part) for part in towards[y, x])
    if not (0 <= math.floor(y + dy) <= height - 2 and 0 <= math.floor(x + dx) <= width - 2):
        return None
    back_x, back_y = bilinear(back.astype(np.float64), y + dy, x + dx)
    if not math.hypot(dx + back_x, dy + back_y) < epsilon:
        return None
    row, column = y + (dy - back_y) / 2, x + (dx - back_x) / 2
    inside = 0 <= row < height - 1 and 0 <= column < width - 1
    return (round(row), round(column)) if inside else None


def warped(picture, towards, back, epsilon, missing):
    """The other frame's picture (H, W, C) as this frame sees it."""
    result = np.full_like(picture, missing)
    for y, x in np.ndindex(picture.shape[:2]):
        found = place(y, x, towards, back, epsilon)
        if found is not None:
            result[y, x] = picture[found]
    return result


def one_pass(pictures, holes, flows, epsilon, order):
    """Pictures and stamps of all frames after a pass; flows(t, s): flow from frame t to frame s."""
    images, stamps = pictures.copy(), np.empty(holes.shape, int)
    last = None
    for t in order:
        hole = holes[t]
        stamps[t] = np.where(hole, -1, t)
        images[t][hole] = 0
        if last is not None:
            ways = flows(t, last), flows(last, t)
            images[t][hole] = warped(images[last], *ways, epsilon, 0)[hole]
            stamps[t][hole] = warped(stamps[last][..., None], *ways, epsilon, -1)[..., 0][hole]
        last = t
    return images, stamps


def merged(images, stamps, t, how):
    """One pixel of frame t; None where no pass brings anything."""
    if stamps[0] < 0 or stamps[1] < 0:
        return images[0] if stamps[0] >= 0 else images[1] if stamps[1] >= 0 else None
    share = (t - stamps[0]) / max(stamps[1] - stamps[0], 1)
    if how == "weighted":
        return (1 - share) * images[0] + share * images[1]
    return images[1] if share > 0.5 else images[0]


def runs_met(lost):
    """The frames to complete: two pointers walk inwards, and meet the ends of runs."""
    left, right, keys = 0, len(lost) - 1, set()
    left_within = right_within = False
    while left <= right:
        if lost[left] != left_within:
            keys.add(left if lost[left] else left - 1)
        if lost[right] != right_within:
            keys.add(right if lost[right] else right + 1)
        left_within, right_within = lost[left], lost[right]
        left, right = left + 1, right - 1
    return sorted(keys)


def propagated(frames, holes, forward, backward, complete, rules):
    """What `published.propagate` fills the frames with."""

    def flows(t, s):
        return forward[t] if s > t else backward[s]

    pictures, holes, length = frames.astype(np.float64), holes.copy(), len(frames)
    count = length - 1 if rules.lose_last else length
    while True:
        orders = range(length), range(length - 1, -1, -1)
        both = [one_pass(pictures, holes, flows, rules.epsilon, order) for order in orders]
        for t, y, x in zip(*np.nonzero(holes), strict=True):
            sides = [image[t, y, x] for image, _ in both], [stamp[t, y, x] for _, stamp in both]
            colour = merged(*sides, t, rules.merge)
            holes[t, y, x] = colour is None
            pictures[t, y, x] = 0 if colour is None else colour
        if rules.cut:
            pictures = np.floor(pictures)
        if rules.lose_last:
            pictures[-1], holes[-1] = 0, False
        for key in runs_met([bool(hole.any()) for hole in holes[:count]]):
            pictures[key][holes[key]] = complete(pictures[key], holes[key])[holes[key]]
            holes[key] = False
        if not holes[:count].any():
            level = np.floor if rules.cut else np.rint
            return level(pictures[:count]).astype(frames.dtype)
