"""What H.264 leaves of pictures, in memory."""

from __future__ import annotations

import io

import av
import numpy as np


def recoded(frames: np.ndarray, *, rate_factor: int) -> np.ndarray:
    """Pictures [T, H, W, 3] uint8, even sides, written as a video and read back.

    rate_factor: 0 to 51, where higher is worse. One thread, so that the bytes are always the same.
    """
    file = io.BytesIO()
    written: av.container.OutputContainer = av.open(file, "w", format="mp4")
    with written:
        stream = written.add_stream("libx264", rate=25, options={"crf": str(rate_factor), "threads": "1"})
        stream.height, stream.width = frames.shape[1:3]
        stream.pix_fmt = "yuv420p"
        for frame in frames:
            written.mux(stream.encode(av.VideoFrame.from_ndarray(frame, format="rgb24")))
        written.mux(stream.encode(None))
    file.seek(0)
    read: av.container.InputContainer = av.open(file, "r")
    with read:
        return np.stack([frame.to_ndarray(format="rgb24") for frame in read.decode(video=0)])
