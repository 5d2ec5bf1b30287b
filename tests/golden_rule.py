"""The weights and inputs that the golden vectors were computed with, made anew from their rule."""

from __future__ import annotations

import zlib

import numpy as np


def uniform(seed, shape, low=0.0, high=1.0):
    """Values in [low, high), drawn and scaled as float64."""
    drawn = np.random.Generator(np.random.PCG64(seed)).random(shape)
    return (low + (high - low) * drawn).astype(np.float32)


def normal(seed, shape, scale=1.0):
    drawn = np.random.Generator(np.random.PCG64(seed)).standard_normal(shape)
    return (scale * drawn).astype(np.float32)


def entry(key, shape):
    """The value of one entry of a state dict: its key seeds the numbers, its end scales them."""
    end = key.split(".")[-1]
    if end == "num_batches_tracked":
        return np.zeros(shape, np.int64)
    drawn = normal(zlib.crc32(key.encode()), tuple(shape))
    if end == "running_var":
        return np.abs(drawn) * np.float32(0.1) + np.float32(1)
    if len(shape) > 1 and end != "running_mean":
        return drawn * np.float32(1 / np.sqrt(np.prod(shape[1:])))
    if end in ("weight_u", "weight_v"):
        return (drawn / np.linalg.norm(drawn.astype(np.float64))).astype(np.float32)
    small = drawn * np.float32(0.02)
    return small + np.float32(1) if end == "weight" else small


def moving_texture(count, height, width, seed):
    """(T, H, W, 3) uint8: a noisy texture that moves 2 pixels right and 1 down a frame."""
    rng = np.random.Generator(np.random.PCG64(seed))
    y, x = np.mgrid[: height + count, : width + 2 * count].astype(np.float64)
    turn = 2 * np.pi
    red = 127 + 60 * np.sin(turn * x / 37) + 50 * np.cos(turn * y / 23)
    green = 127 + 70 * np.sin(turn * (x + y) / 53)
    blue = 127 + 80 * np.cos(turn * (x - 2 * y) / 71)
    whole = np.stack([red, green, blue], axis=-1)
    whole += rng.uniform(-20, 20, whole.shape)
    clip = np.empty((count, height, width, 3), np.uint8)
    for t in range(count):
        top, left = count - t, 2 * (count - t)
        seen = whole[top : top + height, left : left + width]
        clip[t] = np.clip(np.rint(seen + rng.uniform(-2, 2, seen.shape)), 0, 255)
    return clip


def waves(count, height, width, amplitude, phase):
    """(count, H, W, 2) float32: smooth flow, in steps of 1/1024 pixel."""
    y, x = np.mgrid[:height, :width].astype(np.float64)
    flow = np.empty((count, height, width, 2))
    for t in range(count):
        along_x = 2 * np.pi * (x / width + 0.5 * y / height) + phase + 0.7 * t
        along_y = 2 * np.pi * (y / height - 0.3 * x / width) + phase - 0.4 * t
        flow[t, ..., 0] = amplitude * np.sin(along_x)
        flow[t, ..., 1] = 0.6 * amplitude * np.cos(along_y)
    return (np.rint(flow * 1024) / 1024).astype(np.float32)


def boxes(count, height, width):
    """(T, H, W) bool: a box that moves to the right, in frame 0 most of the picture as well."""
    holes = np.zeros((count, height, width), bool)
    for t in range(count):
        top, left = height // 4, width // 8 + t * (width // 16)
        holes[t, top : top + height // 2, left : left + width // 3] = True
    holes[0, :, : 3 * width // 4] = True
    return holes


def warping_case():
    """Result, truth, holes, and forward flow of a clip of 6 frames."""
    truth = moving_texture(6, 120, 160, seed=3)
    noise = np.random.Generator(np.random.PCG64(4)).integers(-40, 41, truth.shape)
    result = np.clip(truth.astype(np.int64) + noise, 0, 255).astype(np.uint8)
    return result, truth, boxes(6, 120, 160), waves(5, 120, 160, 3.0, 0.5)


def propagation_case(half=False):
    """Frames, holes, forward and backward flow of a clip of 8 frames, the flow at half its size."""
    count, height, width = 8, 60, 80
    scale = 2 if half else 1
    size = height // scale, width // scale
    motion = np.array([2.0, 1.0])  # of the texture
    forward = (motion + waves(count - 1, *size, 0.7, 0.2)) / scale
    backward = (-motion - waves(count - 1, *size, 0.5, 0.9)) / scale
    rows = slice(size[0] // 3, size[0] // 2)
    columns = slice(size[1] // 3, 2 * size[1] // 3)
    backward[:, rows, columns, 0] += 7 / scale  # where the two disagree
    holes = np.zeros((count, height, width), bool)
    for t in range(count):
        holes[t, 16:44, 24 + t : 58 + t] = True
        holes[t, 5:15, 5 + 2 * t : 20 + 2 * t] = True  # moves with the texture
    flows = (flow.astype(np.float32) for flow in (forward, backward))
    return moving_texture(count, height, width, seed=2), holes, *flows


def max_error(got, wanted):
    """The largest difference, as a share of the largest wanted value."""
    got, wanted = np.asarray(got, np.float64), np.asarray(wanted, np.float64)
    return np.abs(got - wanted).max() / np.abs(wanted).max()
