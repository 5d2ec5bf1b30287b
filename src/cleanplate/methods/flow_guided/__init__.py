"""Flow-guided inpainting: complete the optical flow inside the hole, carry real pixels along it."""

from cleanplate.methods.flow_guided.inference import DEVICES, Method, Options

__all__ = ["DEVICES", "Method", "Options"]
