"""What a user is told when it cannot be done: what was given, what is expected, what to do."""


class CleanplateError(Exception):
    """Any refusal of ours; its text is one line that a user can act on."""


class BadInput(CleanplateError):
    """What was given cannot be used: a file, a mask, an option, an array."""


class BadOutput(CleanplateError):
    """The result cannot be written: the place, the container, the disk."""


def counted(number: int, thing: str) -> str:
    """Return a number of things in words.

    >>> counted(1, "frame"), counted(2, "frame")
    ('1 frame', '2 frames')
    """
    return f"{number} {thing}" if number == 1 else f"{number} {thing}s"
