"""The official schedule rendered plainly: the slow twin of the engine."""

from __future__ import annotations

import torch

from cleanplate.methods.sttn.network import Network


@torch.inference_mode()
def predict(network: Network, clip, count, *, stride=5, radius=5, every=10):
    """Yield (centre, pictures (N, h, w, 3) from 0 to 255) of a clip as `engine` sees it."""
    pictures = torch.stack(
        [torch.from_numpy(clip.picture(t)).permute(2, 0, 1) for t in range(count)]
    )
    holes = torch.stack([torch.from_numpy(clip.hole(t)) for t in range(count)])
    features = torch.cat([network.encode(picture[None]) for picture in pictures])
    missing = network.reduce_mask(holes[None, :, None])
    for centre in range(0, count, stride):
        neighbours = [t for t in range(centre - radius, centre + radius + 1) if 0 <= t < count]
        looked_at = neighbours + [t for t in range(0, count, every) if t not in neighbours]
        mixed = features[looked_at][None]
        for block in network.transformer:
            mixed = block(mixed, missing[:, looked_at], None)
        decoded = network.decode(mixed[0, : len(neighbours)])
        yield centre, ((decoded + 1) / 2 * 255).permute(0, 2, 3, 1).numpy()
