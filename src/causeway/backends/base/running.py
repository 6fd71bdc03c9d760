"""Whether what was begun is still at work: an exception can end it at any line, also where it says that it has ended."""

import sys
from types import FrameType


def this_frame() -> FrameType:
    """The frame of the caller."""
    return sys._getframe(1)


def is_running(frame: FrameType) -> bool:
    """Whether a frame is being executed, in this thread or, as where a connection is shared, in another."""
    return is_within(sys._getframe(1), frame) or any(
        is_within(other, frame) for other in sys._current_frames().values()
    )


def is_within(frame: FrameType | None, outer: FrameType) -> bool:
    while frame is not None and frame is not outer:
        frame = frame.f_back
    return frame is not None
