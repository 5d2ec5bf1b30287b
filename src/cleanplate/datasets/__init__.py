"""Clips to work on: data sets on disk, and clips that are made, with a truth that is known."""
