"""Optical flow: found between frames, completed inside the hole."""
