"""Internal learning: a network is fitted to the very clip. Ouyang et al., ICCV 2021."""

from cleanplate.devices import DEVICES
from cleanplate.methods.internal.inference import Method
from cleanplate.methods.internal.options import Options

__all__ = ["DEVICES", "Method", "Options"]
