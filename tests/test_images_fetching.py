"""Pictures over http, from a server of our own on this machine."""

import contextlib
import io
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from PIL import Image

from likebut.errors import BadImage
from likebut.images import fetching, load_image


def png() -> bytes:
    stream = io.BytesIO()
    Image.new("RGB", (6, 4), "red").save(stream, "PNG")
    return stream.getvalue()


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):
        body = png()
        if self.path == "/a.png?size=big":
            self.answer(200, body)
        elif self.path == "/missing":
            self.answer(404, b"no")
        elif self.path == "/moved":
            self.answer(302, b"", Location="/a.png?size=big")
        elif self.path == "/loop":
            self.answer(302, b"", Location="/loop")
        elif self.path == "/to-file":
            self.answer(302, b"", Location="file:///etc/passwd")
        elif self.path == "/text":
            self.answer(200, b"<html>not a picture</html>" * 20)
        elif self.path == "/short":
            self.answer(200, body, **{"Content-Length": str(len(body) + 50)})
        elif self.path == "/endless":
            self.send_response(200)
            self.end_headers()
            for _ in range(1000):
                self.wfile.write(b"x" * 10_000)
        elif self.path == "/slow":
            self.send_response(200)
            self.end_headers()
            for _ in range(50):
                self.wfile.write(b"x")
                time.sleep(0.02)

    def answer(self, status, body, **headers):
        self.send_response(status)
        for name, value in ({"Content-Length": str(len(body))} | headers).items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass

    def handle(self):
        with contextlib.suppress(ConnectionError):  # the client hung up, as some tests want
            super().handle()


@pytest.fixture(scope="module")
def server():
    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=httpd.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{httpd.server_port}"
    httpd.shutdown()
    httpd.server_close()
    thread.join()


def reason(url, **options) -> str:
    with pytest.raises(BadImage) as caught:
        load_image(url, **{"allow_url": "private"} | options)
    assert caught.value.source == url
    return caught.value.reason


@pytest.mark.parametrize("path", ["/a.png?size=big", "/moved"])
def test_a_picture_is_downloaded_through_redirects(server, path):
    image = load_image(server + path, allow_url="private")
    assert image.size == (6, 4)
    assert image.getpixel((0, 0)) == (255, 0, 0)


def test_nothing_is_fetched_unless_asked_for(server):
    assert "allow_url=True" in reason(server + "/a.png?size=big", allow_url=False)


def test_addresses_of_the_local_network_need_another_word(server):
    assert "local network" in reason(server + "/a.png?size=big", allow_url=True)
    for host in ("localhost", "127.0.0.1", "10.0.0.1", "192.168.1.1", "169.254.169.254", "[::1]", "0.0.0.0"):
        assert "local network" in reason(f"http://{host}:9/a.png", allow_url=True)


def test_a_public_name_that_leads_inside_is_refused(monkeypatch):
    answer = [(2, 1, 6, "", ("8.8.8.8", 80)), (2, 1, 6, "", ("127.0.0.1", 80))]
    monkeypatch.setattr(fetching.socket, "getaddrinfo", lambda *_, **__: answer)
    assert "127.0.0.1" in reason("http://pictures.example/a.png", allow_url=True)


def test_answers_that_are_no_picture_are_told_apart(server):
    assert "404" in reason(server + "/missing")
    assert "redirects" in reason(server + "/loop")
    assert "not an http(s) address" in reason(server + "/to-file")
    assert reason(server + "/text") == "text, not a picture"
    assert "cut short" in reason(server + "/short")


def test_the_size_limit_holds_with_and_without_an_announcement(server):
    assert "max_bytes" in reason(server + "/a.png?size=big", max_bytes=20)
    assert "max_bytes" in reason(server + "/endless", max_bytes=50_000)


def test_a_server_that_drips_is_given_up(server, monkeypatch):
    monkeypatch.setattr(fetching, "DEADLINE", 0.1)
    assert "not complete" in reason(server + "/slow")


def test_nobody_listening_and_nonsense_addresses():
    assert "could not be downloaded" in reason("http://127.0.0.1:9/a.png")
    assert "could not be downloaded" in reason("http://")
    assert "user name" in reason("http://me:secret@127.0.0.1:9/a.png")
    assert reason("http://127.0.0.1:99999/a.png")
