"""The claims of TSAM's paper at our scale: what flow is worth, tried with small networks.

    python benchmarks/claims_tsam.py [--seeds 0 1 2] [--steps 800] [--out claims_tsam.jsonl]

Zou et al., CVPR 2021, table 2. Networks of 0.7 million parameters learn from the tuning clips and
the training clip of the shared data and from scikit-image's photographs, filmed by a camera that
moves, at 96x48, under holes that move and holes that stand still, without a critic and without
VGG-16. One network knows no flow, the other learns on that of complete frames; they fill the
judging clips, the latter by flow that is completed behind the hole, and by that of the complete
frames, which no user has. Each row of --out is a training and its scores: an interrupted run goes
on after the last one. Clips that judge are never trained on; the rate was chosen by

    python benchmarks/claims_tsam.py --clips libby dog --steps 300 --seeds 0 --rate ...
"""

from __future__ import annotations

from pathlib import Path

import numpy as np

import claims
from claims import Claim, Line, Table
from cleanplate.flow.validity import TrustedFlow
from cleanplate.methods.tsam.inference import Method, Options
from cleanplate.video import Frames, Holes

SIZE = (48, 96)  # height, width
STEPS, RATE = 800, 3e-3
COMPLETED, NONE = Line("completed", part="completed"), Line("none", "no flow", "none")


class Knowing(Method):
    """The method by true flow, which is found as though nothing were hidden."""

    def motion(self, frames: Frames, holes: Holes) -> TrustedFlow:
        """Find the motion of the complete frames."""
        return super().motion(frames, np.zeros_like(holes))


def main() -> None:
    given = claims.parser_of(__doc__, name="claims_tsam", steps=STEPS, rate=RATE).parse_args()
    claims.run(CLAIM, given)


def fills(weights: Path, flow: str, device: str) -> Method:
    """Return the method by completed flow, true flow, or none, which the weights tell."""
    kind = Knowing if flow == "true" else Method
    return kind(Options(precision="fp32"), weights=weights, device=device)


CLAIM = Claim(
    method="tsam",
    size=SIZE,
    kinds={"stationary": "one still blob", "curve": "moving strokes"},
    network={"size": list(SIZE), "width": 16, "decoder": 48, "blocks": [1, 1, 1, 1]},
    training={"batch": 1, "workers": 0, "frames": 7, "hole": 6.0, "adversarial": 0.0,
              "perceptual": 0.0, "style": 0.0,
              "masks": ["object_like", "object_like_middle", "curve", "stationary"]},
    trainings={"base": {}, "no flow": {"aligned": False}},
    tables=(
        Table("Table 2: true flow", (Line("true", part="true"), COMPLETED, NONE), "hole"),
        Table("Table 2: what can be had of it", (COMPLETED, NONE), "hole"),
    ),
    fills=fills,
)  # fmt: skip


if __name__ == "__main__":
    main()
