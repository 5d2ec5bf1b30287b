"""Run the network over a clip: every frame encoded once, kept while a later step needs it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import torch
from torch import Tensor

from cleanplate.errors import BadInput
from cleanplate.methods.sttn.canvas import Clip, Pictures
from cleanplate.methods.sttn.network import REDUCTION, Network
from cleanplate.methods.sttn.schedule import Step
from cleanplate.winograd import quicken


def device_named(name: str) -> torch.device:
    """Return the device of a name, of "auto" a GPU if there is one; raises BadInput."""
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "cpu"
    if name == "cuda" and not torch.cuda.is_available():
        raise BadInput("device 'cuda' is not there. Give cpu, or auto.")
    return torch.device(name)


def precision_named(name: str, device: torch.device) -> torch.dtype:
    """Return the type of a name; of "auto" bf16 where the device computes with it."""
    if name != "auto":
        return {"fp32": torch.float32, "bf16": torch.bfloat16}[name]
    if device.type == "cuda":
        able = torch.cuda.is_bf16_supported()
    else:
        able = bool(torch.cpu._is_avx512_bf16_supported())
    return torch.bfloat16 if able else torch.float32


class Engine:
    """A network, which is taken over, on its device and in its precision."""

    def __init__(self, network: Network, *, device: torch.device, dtype: torch.dtype) -> None:
        # Channels last is what convolutions are fastest in.
        placed = network.eval().to(device=device, dtype=dtype)
        self.network = placed.to(memory_format=torch.channels_last)  # type: ignore[call-overload]
        if device.type == "cpu" and dtype == torch.float32:
            quicken(self.network)
        self.device, self.dtype = device, dtype

    def run(self, clip: Clip, steps: Iterable[Step]) -> Iterator[tuple[Step, Pictures]]:
        """Yield every step with the pictures of its neighbours, (N, h, w, 3) from 0 to 255."""
        plan = list(steps)
        features: dict[int, Tensor] = {}
        for number, step in enumerate(plan):
            looked_at = [*step.neighbours, *step.references]
            for t in looked_at:
                if t not in features:
                    features[t] = self._encode(clip, t)
            yield step, self._paint(clip, features, looked_at, len(step.neighbours))
            later = {t for s in plan[number + 1 :] for t in (*s.neighbours, *s.references)}
            for t in [t for t in features if t not in later]:
                del features[t]

    @torch.inference_mode()
    def _encode(self, clip: Clip, t: int) -> Tensor:
        picture = torch.from_numpy(clip.picture(t)).permute(2, 0, 1)[None]
        features: Tensor = self.network.encode(picture.to(self.device, self.dtype))
        return features

    @torch.inference_mode()
    def _paint(
        self, clip: Clip, features: dict[int, Tensor], looked_at: list[int], wanted: int
    ) -> Pictures:
        """Mix the frames looked at, and decode the first `wanted`."""
        together = torch.cat([features[t] for t in looked_at])[None]
        holes = [torch.from_numpy(clip.hole(t)[::REDUCTION, ::REDUCTION]) for t in looked_at]
        missing = torch.stack(holes)[None].to(self.device)
        mixed = self.network.mix(together, missing, wanted)[0]
        pictures = (self.network.decode(mixed).float() + 1) * (255 / 2)
        found: Pictures = pictures.permute(0, 2, 3, 1).cpu().numpy()
        return found
