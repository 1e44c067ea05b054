"""A network camera that gives its pictures (MJPEG over HTTP) at a pace of the test's choosing."""
import http.server
import pathlib
import ssl
import subprocess
import threading


def pictures_of(clip: pathlib.Path, seconds: int = 4) -> list[bytes]:
    """The first pictures of a clip, as JPEG."""
    done = subprocess.run(["ffmpeg", "-v", "error", "-i", clip, "-t", str(seconds), "-f", "image2pipe", "-c:v", "mjpeg", "-q:v", "4", "-"],
                          capture_output=True, check=True)
    start = b"\xff\xd8\xff"  # nowhere else in a JPEG
    return [start + rest for rest in done.stdout.split(start)[1:]]


class PacedCamera:
    """`with PacedCamera(pictures, 3) as camera: camera.url`; camera.per_second may be set at any time. With a certificate
    (a file with its key) it speaks https."""

    def __init__(self, pictures: list[bytes], per_second: float, certificate: pathlib.Path | None = None):
        self.pictures, self.per_second = pictures, per_second
        self.over = threading.Event()
        camera = self

        class Stream(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                self.send_response(200)
                self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=picture")
                self.end_headers()
                number = 0
                # Its pace is what it is a camera for.
                while not camera.over.wait(1 / camera.per_second):
                    picture = camera.pictures[number % len(camera.pictures)]
                    number += 1
                    try:
                        self.wfile.write(b"--picture\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n%s\r\n" % (len(picture), picture))
                    except OSError:
                        return

            def log_message(self, *_):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Stream)
        self.server.daemon_threads = True
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            self.server.socket = context.wrap_socket(self.server.socket, server_side=True)
        self.url = f"{'https' if certificate else 'http'}://127.0.0.1:{self.server.server_port}/video.mjpg"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def __enter__(self) -> "PacedCamera":
        return self

    def __exit__(self, *_) -> None:
        self.over.set()
        self.server.shutdown()
        self.server.server_close()
