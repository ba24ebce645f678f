"""Download one picture over http or https, without surprises. Knows nothing of pictures.

Direct connections only (proxy settings are not read). Addresses inside the local network are refused unless asked
for, and the address that was checked is the one that is connected to, so a name that resolves differently the
second time gains nothing. Redirects are followed five times and checked like the first address.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
import time
from typing import Any
from urllib.parse import urljoin, urlsplit

from likebut.errors import BadImage

TIMEOUT = 10.0  # seconds for connecting and for each read
DEADLINE = 30.0  # seconds for everything
REDIRECTS = 5


def fetch(url: str, *, max_bytes: int, allow_private: bool = False) -> bytes:
    """The body behind `url`. Raises `BadImage` on anything but a 200 within the limits."""
    deadline = time.monotonic() + DEADLINE
    address = url
    try:
        for _ in range(REDIRECTS + 1):
            connection, path = _connection(address, allow_private)
            try:
                connection.request("GET", path, headers={"User-Agent": "likebut", "Accept": "image/*,*/*;q=0.5"})
                response = connection.getresponse()
                if response.status not in (301, 302, 303, 307, 308):
                    return _body(response, url, max_bytes, deadline)
                address = urljoin(address, response.headers.get("Location", ""))
            finally:
                connection.close()
    except BadImage:
        raise
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise BadImage(url, f"could not be downloaded: {error or type(error).__name__}") from error
    raise BadImage(url, f"more than {REDIRECTS} redirects")


def _connection(address: str, allow_private: bool) -> tuple[http.client.HTTPConnection, str]:
    parts = urlsplit(address)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{address!r} is not an http(s) address")
    if parts.username or parts.password:
        raise ValueError("addresses with a user name or password are not read")
    connection: http.client.HTTPConnection
    if parts.scheme == "https":
        context = ssl.create_default_context()
        connection = http.client.HTTPSConnection(parts.hostname, parts.port, timeout=TIMEOUT, context=context)
    else:
        connection = http.client.HTTPConnection(parts.hostname, parts.port, timeout=TIMEOUT)

    def connect(target: tuple[str, int], timeout: float, source: Any = None) -> socket.socket:
        return _connect(target, timeout, allow_private)

    connection._create_connection = connect  # type: ignore[attr-defined]
    return connection, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")


def _connect(target: tuple[str, int], timeout: float, allow_private: bool) -> socket.socket:
    """Connect to the first address of a host that answers; all of them must be public."""
    found = socket.getaddrinfo(target[0], target[1], type=socket.SOCK_STREAM)
    if not allow_private:
        for *_, place in found:
            if not ipaddress.ip_address(str(place[0]).partition("%")[0]).is_global:
                raise OSError(f"{target[0]} is {place[0]}, an address of the local network")
    failure: OSError = OSError(f"{target[0]} has no address")
    for family, kind, protocol, _, place in found:
        link = socket.socket(family, kind, protocol)
        link.settimeout(timeout)
        try:
            link.connect(place)
            return link
        except OSError as error:
            link.close()
            failure = error
    raise failure


def _body(response: http.client.HTTPResponse, url: str, max_bytes: int, deadline: float) -> bytes:
    if response.status != 200:
        raise BadImage(url, f"the server answered {response.status} {response.reason}")
    announced = response.headers.get("Content-Length", "")
    if announced.isdigit() and int(announced) > max_bytes:
        raise BadImage(url, f"{int(announced):,} bytes; the limit is {max_bytes:,} (max_bytes)")
    body = bytearray()
    while chunk := response.read1(2**16):
        body += chunk
        if len(body) > max_bytes:
            raise BadImage(url, f"more than {max_bytes:,} bytes (max_bytes)")
        if time.monotonic() > deadline:
            raise BadImage(url, f"not complete after {DEADLINE:.0f} s")
    if announced.isdigit() and len(body) != int(announced):
        raise BadImage(url, f"cut short: {len(body):,} of {int(announced):,} bytes arrived")
    return bytes(body)
