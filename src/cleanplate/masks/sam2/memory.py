"""What the network remembers of an object: its key masks, and the frames last seen, no more.

The library keeps the outputs of all frames; of those the network looks at a few, which are kept.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from cleanplate.devices import exact_convolutions
from cleanplate.masks.generous import SURE
from cleanplate.masks.sam2.checkpoint import Sam2
from cleanplate.masks.sam2.prompts import mask_of, pixels_of

Picture = NDArray[np.uint8]  # (h, w, 3) RGB
Found = tuple[Tensor, float]  # logits (1, 1, h, w), and how far they are to be trusted, 0 to 1

_OBJECT = 1  # its name: there is one
_POINTER, _FEATURES, _PLACES = "object_pointer", "maskmem_features", "maskmem_pos_enc"


class Memory:
    """An object in a part of a clip. All key masks are told first, then frames are looked at.

    first: the frame of the first key mask, when there is one.
    """

    def __init__(self, sam2: Sam2) -> None:
        from transformers import Sam2VideoInferenceSession

        self.first: int | None = None
        self._sam2 = sam2
        self._session = Sam2VideoInferenceSession(
            inference_device=sam2.device,
            inference_state_device=sam2.device,
            video_storage_device=sam2.device,
            dtype=torch.float32,
        )
        self._held = _Held()
        self._session.processed_frames = self._held
        self._session.obj_id_to_idx(_OBJECT)
        self._places: Tensor | None = None

    @property
    def seen(self) -> dict[int, dict[str, Tensor]]:
        """What is kept of frames without a key mask, by their numbers."""
        outputs: dict[int, dict[str, Tensor]] = self._outputs["non_cond_frame_outputs"]
        return outputs

    @property
    def _outputs(self) -> dict[str, Any]:
        outputs: dict[str, Any] = self._session.output_dict_per_obj[0]
        return outputs

    def mark(self, frame: int, picture: Picture, mask: NDArray[Any]) -> None:
        """Remember a key mask (h, w), before any frame is looked at."""
        self._session.add_mask_inputs(0, frame, mask_of(mask, self._sam2.side))
        self._session.obj_with_new_inputs = [_OBJECT]
        self._run(frame, picture)
        self._session.remove_mask_inputs(0, frame)
        self.first = frame if self.first is None else min(self.first, frame)

    def find(self, frame: int, picture: Picture, *, frames: int, back: bool = False) -> Found:
        """Return where the object is in a frame beside the one looked at last, and remember it.

        frames: of the whole clip: with fewer than it can look back at the network reckons in shares
        of that. back: it is on the way to the first frame.
        """
        self._held.frames = frames
        found = self._run(frame, picture, back=back)
        self._session.frames_tracked_per_obj[0].clear()
        self.forget_but(frame)
        return found

    def forget_but(self, *near: int) -> None:
        """Forget what cannot be looked back at from beside such frames, or the first key mask."""
        assert self.first is not None
        config = self._sam2.network.config
        for other in list(self.seen):
            # The way back begins beside the first key mask, with what the way on saw there.
            away = min(abs(other - frame) for frame in (self.first, *near))
            if away >= config.max_object_pointers_in_encoder - 1:
                del self.seen[other]
            elif away >= config.num_maskmem - 1:
                self.seen[other] = {_POINTER: self.seen[other][_POINTER]}

    def point(self, picture: Picture, points: Tensor, labels: Tensor) -> Found:
        """Return what points mean in a picture alone, see `prompts.points_of`."""
        told = {"point_coords": points, "point_labels": labels}
        self._session.add_point_inputs(0, 0, told)
        self._session.obj_with_new_inputs = [_OBJECT]
        return self._run(0, picture, remember=False)

    def _run(
        self, frame: int, picture: Picture, *, back: bool = False, remember: bool = True
    ) -> Found:
        sam2, expected = self._sam2, _Expected()
        handle = sam2.network.mask_decoder.register_forward_hook(expected.take)
        self._held[frame] = pixels_of(picture, sam2.side, sam2.device)
        try:
            with (
                torch.autocast(sam2.device.type, torch.bfloat16, enabled=sam2.bf16),
                exact_convolutions(sam2.device, torch.bfloat16 if sam2.bf16 else torch.float32),
            ):
                output = sam2.network(
                    self._session, frame_idx=frame, reverse=back, run_mem_encoder=remember
                )
        finally:
            handle.remove()
            self._held.clear()
            self._session.cache.clear_all()
        if remember:
            self._keep(frame)
        there = float(torch.sigmoid(output.object_score_logits.float()))
        return output.pred_masks, there * expected.overlap if there > SURE else 1 - there

    def _keep(self, frame: int) -> None:
        """Keep of a frame's outputs what is looked back at; places are the same in all frames."""
        for outputs in self._outputs.values():
            if frame in outputs:
                kept = {key: outputs[frame][key] for key in (_POINTER, _FEATURES, _PLACES)}
                self._places = kept[_PLACES] if self._places is None else self._places
                outputs[frame] = kept | {_PLACES: self._places}


class _Held(dict[int, Tensor]):
    """The one frame that is looked at, of a clip of so many: the library asks how many."""

    frames = 1

    def __len__(self) -> int:
        return self.frames


class _Expected:
    """Listens to what overlap with the object the network itself expects of its best mask."""

    overlap = 0.0

    def take(self, module: nn.Module, given: Any, output: Any) -> None:
        """Note it, of the outputs of the part that draws masks."""
        self.overlap = float(output[1].float().max().clamp(0, 1))
