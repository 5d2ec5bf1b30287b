"""TSAM: features of the frames beside, aligned along the flow. Zou et al., CVPR 2021."""

from cleanplate.devices import DEVICES
from cleanplate.methods.tsam.inference import Method, Options

__all__ = ["DEVICES", "Method", "Options"]
