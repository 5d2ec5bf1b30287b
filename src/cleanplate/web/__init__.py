"""The local page: open a clip, point at the thing, see it gone. ``server.py`` puts it together."""
