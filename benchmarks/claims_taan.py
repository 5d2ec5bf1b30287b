"""The claims of TAAN's paper at our scale: what deformable alignment is worth, and the second pass.

    python benchmarks/claims_taan.py [--seeds 0 1 2] [--steps 2500] [--out claims_taan.jsonl]

Liu et al., IJCAI 2020. Networks of 0.2 to 0.3 million parameters learn from the tuning clips, the
training clip of the shared data and scikit-image's photographs, filmed by a camera that moves, at
96x48, without VGG-19. One aligns by deformable convolution, one not at all, by a plain
convolution in its place, and one by an affine map for the whole picture, which the paper holds
against others. They fill the judging clips, forward and once more in reverse; that of the paper
also forward alone. Each row of --out is a training and its scores: an interrupted run goes on after
the last one. Clips that judge are never trained on. All channels are aligned alike, as in
alignment.py; but what looks for places learns no faster than the rest here: with three times the
rate, as there, it soon looked beyond the border, and no reference was of use to any network.
"""

from __future__ import annotations

from pathlib import Path

import claims
from claims import Claim, Line, Table
from cleanplate.methods.taan.inference import Method, Options

SIZE = (48, 96)  # height, width
STEPS, RATE = 2500, 1e-3
BOTH, ONE = "forward and in reverse", "forward alone"
DEFORMABLE = Line("deformable", part=BOTH)
OTHERS = (Line("plain convolution", "plain", BOTH), Line("affine", "affine", BOTH))
PASSES = (Line(BOTH, part=BOTH), Line(ONE, part=ONE))


def main() -> None:
    given = claims.parser_of(__doc__, name="claims_taan", steps=STEPS, rate=RATE).parse_args()
    claims.run(CLAIM, given)


def fills(weights: Path, passes: str, device: str) -> Method:
    """Return the method by one pass or by two."""
    return Method(Options(reverse=passes == BOTH), weights=weights, device=device)


CLAIM = Claim(
    method="taan",
    size=SIZE,
    kinds={"stationary": "one still blob", "curve": "moving strokes"},
    network={"size": list(SIZE), "channels": 32, "groups": 1},
    training={"batch": 2, "workers": 0, "clip": 1.0},
    trainings={"base": {}, "plain": {"alignment": "plain"}, "affine": {"alignment": "affine"}},
    tables=(
        Table("Section 3.2: alignment", (DEFORMABLE, *OTHERS), "hole"),
        Table("The same, by how steady it is", (DEFORMABLE, *OTHERS), "change", lower=True),
        Table("Section 3.1: passes", PASSES, "hole"),
        Table("The same, by how steady it is", PASSES, "change", lower=True),
    ),
    fills=fills,
)


if __name__ == "__main__":
    main()
