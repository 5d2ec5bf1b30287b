"""Follow one object from frame to frame: its motion, its colours, the edges of the picture."""

from cleanplate.masks.follow.follower import Follower
from cleanplate.masks.follow.legs import Course, Tracker, follow

__all__ = ["Course", "Follower", "Tracker", "follow"]
