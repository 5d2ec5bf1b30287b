"""Fill the hole in a video so that nobody would know."""
