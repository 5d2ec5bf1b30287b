"""A node for ComfyUI. Its folder of custom nodes needs one file, with one line:

``from cleanplate.comfyui import NODE_CLASS_MAPPINGS, NODE_DISPLAY_NAME_MAPPINGS``
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from cleanplate.errors import BadInput
from cleanplate.masks import grow as grow_holes
from cleanplate.methods.options import TUNES
from cleanplate.pipeline import fill
from cleanplate.video import check_pair

if TYPE_CHECKING:
    from torch import Tensor

DEEP = 65535  # levels: a picture of floats is filled with 16 bits


class CleanplateFill:
    """Fill the hole in a batch of images, the frames of a video, that a mask marks."""

    CATEGORY = "image/video"
    DESCRIPTION = "Fills what the mask marks with what other frames show; all else stays as it is."
    FUNCTION = "fill"
    RETURN_TYPES = ("IMAGE",)
    RETURN_NAMES = ("images",)

    @classmethod
    def INPUT_TYPES(cls) -> dict[str, dict[str, Any]]:  # noqa: N802 - ComfyUI's name
        """Say what the node takes, as ComfyUI asks for it."""
        return {
            "required": {
                "images": ("IMAGE",),
                "mask": ("MASK",),
                "tune": (list(reversed(TUNES)), {"default": "removal"}),
                "grow": ("INT", {"default": 4, "min": 0, "max": 256}),
                "seed": ("INT", {"default": 0, "min": 0, "max": 2**31 - 1}),
            }
        }

    def fill(self, images: Tensor, mask: Tensor, tune: str, grow: int, seed: int) -> tuple[Tensor]:
        """Return the images with the hole filled; whatever lies outside keeps its very values.

        images: (T, H, W, C) float, 0 to 1, RGB and perhaps alpha, which stays. mask: (T, H, W), or
        (1, H, W) or (H, W) for all frames, above one half is hole. tune, grow, seed: as of
        `cleanplate.fill`. Raises BadInput.
        """
        import torch

        if images.ndim != 4 or images.shape[3] < 3:
            raise BadInput(f"images have shape {tuple(images.shape)}. Give (T, H, W, 3).")
        colours = images[..., :3].detach().float().cpu().numpy()
        frames = np.rint(np.clip(np.nan_to_num(colours), 0, 1) * DEEP).astype(np.uint16)
        marked = mask.detach().cpu().numpy() > 0.5
        one = marked.ndim == 3 and len(marked) == 1
        frames, holes = check_pair(frames, marked[0] if one else marked)
        holes = grow_holes(holes, grow) if grow else holes
        filled = fill(frames, holes, tune=tune, seed=seed)
        result = images.clone()
        inside = torch.from_numpy(np.ascontiguousarray(holes)).to(images.device)
        painted = torch.from_numpy(filled[holes].astype(np.float32) / DEEP)
        result[..., :3][inside] = painted.to(images.device, images.dtype)
        return (result,)


NODE_CLASS_MAPPINGS: dict[str, type] = {"CleanplateFill": CleanplateFill}
NODE_DISPLAY_NAME_MAPPINGS: dict[str, str] = {"CleanplateFill": "Fill the hole (Cleanplate)"}
