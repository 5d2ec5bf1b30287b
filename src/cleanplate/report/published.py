"""Results that papers printed, to be shown beside our own and never among them.

A row holds what the table named in it printed, SSIM from 0 to 1 and warping errors as fractions
(0.15 % is 0.0015); these follow another flow than ours, so they are on another scale. Rows of
different protocols must not be compared: size, holes, pooling and the setting of SSIM can each move
a score by more than methods differ. Nor is one protocol always one: DFVI, LGTSM, CAP and STTN have
the same PSNR and SSIM in tables of several papers (but for one digit), which may have been copied.

Methods are named as in the table: DFVI is Xu et al., CVPR 2019; CAP and CPNet are both Lee et al.,
ICCV 2019. Only numbers that could be confirmed are here, so tables are incomplete, and internal
learning (IIVI, Ouyang et al., ICCV 2021) has no row. Left out on purpose are the table of DFVI's
own paper, which does not say what region it scores, and that of TSAM's own paper, whose evaluation
code wraps around in PSNR.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

PROTOCOLS = {
    "e2fgvi": (
        "Frames at 432x240, the still masks published with E2FGVI, grown by four crosses, on 50 "
        "clips of DAVIS or 508 of YouTube-VOS; PSNR and SSIM (window 65) of whole frames, the mean "
        "over all frames of all clips."
    ),
    "sttn": (
        "Frames at 432x240, still masks drawn for that paper; how scores are pooled and how SSIM "
        "is set is not known, as its evaluation code is not published."
    ),
    "taan": (
        "Frames at 256x256, strokes on YouTube-VOS and the masks of other clips on DAVIS; the "
        "paper does not state how PSNR and SSIM are set."
    ),
}


@dataclass(frozen=True)
class Published:
    """One line of a published table.

    method: as the table names it. paper: where the numbers are printed, which need not be the
    method's own paper. holes: the kind of mask. protocol: a name in PROTOCOLS. scores: by the
    names in METRICS.
    """

    method: str
    paper: str
    dataset: str
    holes: str
    protocol: str
    scores: Mapping[str, float]


def _scores(
    psnr: float, ssim: float, vfid: float | None = None, warping_error: float | None = None
) -> dict[str, float]:
    """Return the scores that are given, by name."""
    given = {"psnr": psnr, "ssim": ssim, "vfid": vfid, "warping_error": warping_error}
    return {name: value for name, value in given.items() if value is not None}


_DAVIS, _VOS = "DAVIS", "YouTube-VOS"
_STILL, _STROKES, _OBJECT = "a still random shape", "moving strokes", "another clip's object"
_LIU = "Liu et al., IJCAI 2020"
_ZENG = "Zeng et al., ECCV 2020, Table 1"
_LI = "Li et al., CVPR 2022, Table 1"
_ZHOU = "Zhou et al., ICCV 2023, Table 1"

PUBLISHED = (
    Published("TAAN", _LIU, _DAVIS, _OBJECT, "taan", _scores(30.83, 0.913)),
    Published("TAAN", _LIU, _VOS, _STROKES, "taan", _scores(29.99, 0.887)),
    Published("DFVI", _ZENG, _DAVIS, _STILL, "sttn", _scores(28.81, 0.9404, 0.187)),
    Published("LGTSM", _ZENG, _DAVIS, _STILL, "sttn", _scores(28.57, 0.9409, 0.170)),
    Published("CAP", _ZENG, _DAVIS, _STILL, "sttn", _scores(30.28, 0.9521, 0.182)),
    Published("STTN", _ZENG, _DAVIS, _STILL, "sttn", _scores(30.67, 0.9560, 0.149)),
    Published("DFVI", _ZENG, _VOS, _STILL, "sttn", _scores(29.16, 0.9429, 0.066)),
    Published("LGTSM", _ZENG, _VOS, _STILL, "sttn", _scores(29.74, 0.9504, 0.070)),
    Published("CAP", _ZENG, _VOS, _STILL, "sttn", _scores(31.58, 0.9607, 0.071)),
    Published("STTN", _ZENG, _VOS, _STILL, "sttn", _scores(32.34, 0.9655, 0.053)),
    Published("DFVI", _LI, _DAVIS, _STILL, "e2fgvi", _scores(28.81, 0.9404, 0.187, 0.001608)),
    Published("LGTSM", _LI, _DAVIS, _STILL, "e2fgvi", _scores(28.57, 0.9409, 0.170, 0.001640)),
    Published("STTN", _LI, _DAVIS, _STILL, "e2fgvi", _scores(30.67, 0.9560, 0.149, 0.001449)),
    Published("FuseFormer", _LI, _DAVIS, _STILL, "e2fgvi", _scores(32.54, 0.9700, 0.138, 0.001362)),
    Published("E2FGVI", _LI, _DAVIS, _STILL, "e2fgvi", _scores(33.01, 0.9721, 0.116)),
    Published("DFVI", _LI, _VOS, _STILL, "e2fgvi", _scores(29.16, 0.9429, 0.066, 0.001509)),
    Published("LGTSM", _LI, _VOS, _STILL, "e2fgvi", _scores(29.74, 0.9504, 0.070, 0.001859)),
    Published("STTN", _LI, _VOS, _STILL, "e2fgvi", _scores(32.34, 0.9655, 0.053, 0.000907)),
    Published("E2FGVI", _LI, _VOS, _STILL, "e2fgvi", _scores(33.71, 0.9700, 0.046)),
    Published("DFVI", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(28.81, 0.9404, 0.187, 0.001596)),
    Published("CPNet", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(30.28, 0.9521, 0.182, 0.001521)),
    Published("FGVC", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(30.80, 0.9497, 0.165, 0.001571)),
    Published("STTN", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(30.61, 0.9560, 0.149, 0.001438)),
    Published("TSAM", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(30.67, 0.9548, 0.146, 0.001235)),
    Published(
        "FuseFormer", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(32.59, 0.9701, 0.137, 0.001349)
    ),
    Published("ISVI", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(32.17, 0.9588, 0.189, 0.001291)),
    Published("FGT", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(32.86, 0.9650, 0.129, 0.001323)),
    Published("E2FGVI", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(33.01, 0.9721, 0.116, 0.001289)),
    Published(
        "ProPainter", _ZHOU, _DAVIS, _STILL, "e2fgvi", _scores(34.47, 0.9776, 0.098, 0.001187)
    ),
    Published("DFVI", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(29.16, 0.9429, 0.066, 0.001651)),
    Published("CPNet", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(31.58, 0.9607, 0.071, 0.001622)),
    Published("FGVC", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(29.67, 0.9403, 0.064, 0.001163)),
    Published("STTN", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(32.34, 0.9655, 0.053, 0.001061)),
    Published("TSAM", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(30.22, 0.9468, 0.070, 0.001014)),
    Published("FuseFormer", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(33.32, 0.9681, 0.053, 0.001053)),
    Published("ISVI", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(30.34, 0.9458, 0.077, 0.001008)),
    Published("FGT", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(32.17, 0.9599, 0.054, 0.001025)),
    Published("E2FGVI", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(33.71, 0.9700, 0.046, 0.001013)),
    Published("ProPainter", _ZHOU, _VOS, _STILL, "e2fgvi", _scores(34.43, 0.9735, 0.042, 0.000974)),
)
