"""Files and frame folders <-> pictures: the only importer of the video library.

``open_video`` gives pictures one by one, their planes as decoded; ``open_writer`` takes them back
and brings along all else that the source holds. ``clip.py`` is where to start reading.
"""

from cleanplate.io.clip import Video, open_video, open_writer, read_video, write_video
from cleanplate.io.encode import Encoding
from cleanplate.io.images import write_picture
from cleanplate.io.info import Colour, VideoInfo, to_coded, to_displayed
from cleanplate.io.names import in_order, numbers_of
from cleanplate.io.near import deliver, fetched, stand_in
from cleanplate.io.picture import Picture
from cleanplate.io.pipe import is_pipe
from cleanplate.io.place import refuse_same, sweep, whole_folder
from cleanplate.io.plate import plate_bytes, plate_writer
from cleanplate.io.reader import Reader
from cleanplate.io.remote import shown_as
from cleanplate.io.spool import spooled
from cleanplate.io.through import copy_file, obstacle, unfilled
from cleanplate.io.trial import encoder_bytes, writing_seconds
from cleanplate.io.writer import Writer

__all__ = [
    "Colour",
    "Encoding",
    "Picture",
    "Reader",
    "Video",
    "VideoInfo",
    "Writer",
    "copy_file",
    "deliver",
    "encoder_bytes",
    "fetched",
    "in_order",
    "is_pipe",
    "numbers_of",
    "obstacle",
    "open_video",
    "open_writer",
    "plate_bytes",
    "plate_writer",
    "read_video",
    "refuse_same",
    "shown_as",
    "spooled",
    "stand_in",
    "sweep",
    "to_coded",
    "to_displayed",
    "unfilled",
    "whole_folder",
    "write_picture",
    "write_video",
    "writing_seconds",
]
