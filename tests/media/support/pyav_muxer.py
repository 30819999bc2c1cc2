"""Publishes a test picture by PyAV's own WHIP muxer until something comes on its standard input.

Run as a process: the muxer keeps Python's lock while it waits for the server.
Arguments: URL, stream key, certificate file, key file.
"""

import fractions
import select
import sys
import time

import av


def main() -> None:
    url, key, certificate, certificate_key = sys.argv[1:]
    options = {"authorization": key, "cert_file": certificate, "key_file": certificate_key}
    with av.open(url, "w", format="whip", options=options) as out:
        video = out.add_stream("libx264", rate=30)
        video.width, video.height, video.pix_fmt = 320, 180, "yuv420p"
        video.options = {"profile": "baseline", "tune": "zerolatency", "bf": "0", "g": "30"}
        began, number = time.monotonic(), 0
        ended = False
        while not ended:
            frame = av.VideoFrame(320, 180, "yuv420p")
            frame.pts, frame.time_base = number, fractions.Fraction(1, 30)
            out.mux(video.encode(frame))
            number += 1
            pause = max(0.0, began + number / 30 - time.monotonic())
            ended = bool(select.select([sys.stdin], [], [], pause)[0])


if __name__ == "__main__":
    main()
