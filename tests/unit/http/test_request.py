# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What may be asked for: a request that cannot be sent is refused with a sentence before anything is sent."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import InvalidRequest, Request


def test_the_host_is_the_header_and_the_name_in_tls_while_the_url_is_the_address() -> None:
    request = Request("https://127.77.1.11:8443/health?deep=1", host="shop.test:443")
    assert (request.host_header, request.name) == ("shop.test:443", "shop.test")
    assert (request.split.hostname, request.split.port) == ("127.77.1.11", 8443)


def test_without_a_host_the_url_says_both() -> None:
    request = Request("http://web01.example:8080/")
    assert (request.host_header, request.name) == ("web01.example:8080", "web01.example")
    assert Request("https://[::1]:8443/").name == "::1"


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("ftp://web01/", "http://ADDRESS/PATH"),
        ("web01/health", "http://ADDRESS/PATH"),
        ("http:///health", "http://ADDRESS/PATH"),
        ("http://web01:99999/", "[Pp]ort"),
        ("http://web01:x/", "[Pp]ort"),
        ("http://web01:0/", "http://ADDRESS/PATH"),
        ("http://web01/a b", "percent-encoded"),
        ("http://web01/\r\nX-Evil: 1", "percent-encoded"),
        ("http://web01/caf\u00e9", "percent-encoded"),
        ("http://bob:s3cret@web01/", "secret_headers"),
        ("http://[::1/", "url is"),
    ],
)
def test_urls_that_cannot_be_asked_for(url: str, said: str) -> None:
    with pytest.raises(InvalidRequest, match=said):
        Request(url)


def test_a_password_in_the_url_is_not_repeated() -> None:
    with pytest.raises(InvalidRequest) as caught:
        Request("http://bob:s3cret@web01/")
    assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("host", ["shop test", "shop.test\r\nX: 1", "shop.test/path", "", "shop.test:port", "a@b"])
def test_hosts_that_are_none(host: str) -> None:
    with pytest.raises(InvalidRequest, match="host"):
        Request("http://127.77.1.11/", host=host)


@pytest.mark.parametrize(
    ("name", "value"), [("X Y", "1"), ("", "1"), ("X:", "1"), ("X-Y", "a\r\nb"), ("X-Y", "\u00e9"), ("Host", "other")]
)
def test_headers_that_cannot_be_sent(name: str, value: str) -> None:
    with pytest.raises(InvalidRequest):
        Request("http://127.77.1.11/", headers={name: value})


def test_a_value_that_cannot_be_sent_is_not_repeated() -> None:
    with pytest.raises(InvalidRequest) as caught:
        Request("http://127.77.1.11/", headers={"Authorization": "s3cret\n"})
    assert "s3cret" not in str(caught.value)
