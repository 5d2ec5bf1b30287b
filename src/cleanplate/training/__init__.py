"""The training engine: one loop for every room, and it knows none of them."""
