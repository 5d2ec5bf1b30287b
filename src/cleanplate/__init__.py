"""Fill the hole in a video so that nobody would know.

The public names, nothing else.
"""

from cleanplate.errors import BadInput, BadOutput, CleanplateError
from cleanplate.methods import METHODS, load_method
from cleanplate.io import Video, read_video, write_video
from cleanplate.masks import grow, read_holes
from cleanplate.pipeline import fill, fill_file
from cleanplate.video import Filled, Provenance

__version__ = "0.1.0"

__all__ = [
    "METHODS",
    "BadInput",
    "BadOutput",
    "CleanplateError",
    "Filled",
    "Provenance",
    "fill",
    "load_method",
]
