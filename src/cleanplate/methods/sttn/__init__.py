"""STTN: patches of all frames attend to each other. Zeng et al., ECCV 2020."""

from cleanplate.devices import DEVICES
from cleanplate.methods.sttn.inference import Method, Options

__all__ = ["DEVICES", "Method", "Options"]
