"""Clips to work on: so far those that are made, with a truth that is known."""
