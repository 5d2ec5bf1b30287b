"""TAAN: other frames are aligned with the one that is filled. Liu et al., IJCAI 2020."""

from cleanplate.devices import DEVICES
from cleanplate.methods.taan.inference import Method, Options

__all__ = ["DEVICES", "Method", "Options"]
