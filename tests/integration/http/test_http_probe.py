# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""The module http_probe through Ansible, against a small server over real sockets and real TLS."""

from __future__ import annotations

import http.server
import json
import os
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from lab import net, pki

ANSIBLE = Path(sys.executable).parent / "ansible"
HOST = "shop.test"
TOKEN = "Bearer t0p-s3cret-t0ken"


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers by path and writes down what it was asked."""

    server: Server

    def do_GET(self) -> None:
        self.server.asked.append({name.lower(): value for name, value in self.headers.items()})
        count = len(self.server.asked)
        path = self.path.partition("?")[0]
        if path == "/cold" and count <= 3:
            self._answer(503, b"starting")
        elif path == "/echo":
            self._answer(200, json.dumps(dict(self.headers)).encode())
        elif path == "/away":
            self._answer(302, b"", Location=f"https://{HOST}:8443/health")
        elif path == "/big":
            self._answer(200, b"x" * 4096 + b"needle")
        elif path == "/drip":
            self._drip()
        elif path == "/cut":
            self.send_response(200)
            self.send_header("Content-Length", "100")
            self.end_headers()
            self.wfile.write(b"only this")
        elif path == "/noise":
            self.wfile.write(b"220 mail.example \x1b[31mESMTP" + b"!" * 5000 + b"\r\n")
        elif path == "/nul":
            self.wfile.write(
                b"HTTP/1.1 500 a\x00\x1b[31mb\xff\r\nX-A: \x00\x1b[2J\r\nContent-Length: 2\r\n\r\n\x00\x9b"
            )
        elif path == "/broken":
            self._answer(500, b"<h1>Server Error</h1>\n\nInvalid column name 'Colour'.\n" + b"at Shop\n" * 500)
        else:
            self._answer(200, b'{"status": "healthy", "version": "2.0.0"}')

    def do_HEAD(self) -> None:
        self.do_GET()

    def _answer(self, status: int, body: bytes, **headers: str) -> None:
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Set-Cookie", "session=c00kie-s3cret")
        self.send_header("Content-Length", str(len(body)))
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def _drip(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "5000")
        self.end_headers()
        while True:  # until the client hangs up
            try:
                self.wfile.write(b".")
            except OSError:
                return
            time.sleep(0.2)

    def log_message(self, format: str, *args: Any) -> None:  # the base class names it so
        pass


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, address: tuple[str, int]) -> None:
        super().__init__(address, Handler)
        self.asked: list[dict[str, str]] = []

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A client that hangs up is no error here."""


@dataclass
class Site:
    address: str
    ca: Path
    other_ca: Path
    plain: Server
    secure: Server
    environment: dict[str, str] = field(default_factory=dict)

    def probe(self, check: bool = False, verbose: bool = False, **params: Any) -> tuple[dict[str, Any], str]:
        """The module's result, and all that Ansible printed."""
        command = [
            str(ANSIBLE),
            "localhost",
            "-i",
            "localhost,",
            "-c",
            "local",
            "-m",
            "zero_downtime.dotnet.http_probe",
        ]
        command += [
            "-e",
            f"ansible_python_interpreter={sys.executable}",
            "-e",
            f"token='{TOKEN}'",
            "-a",
            json.dumps(params),
        ]
        command += ["--check"] * check + ["-vvv"] * verbose
        environment = {
            **os.environ,
            "ANSIBLE_NOCOLOR": "1",
            **self.environment,
        }
        ended = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=240, check=False)
        output = ended.stdout + ended.stderr
        begin = ended.stdout.index("=> {") + 3
        result, _end = json.JSONDecoder().raw_decode(ended.stdout[begin:])
        result["failed"] = ended.returncode != 0
        assert "Traceback" not in output
        return result, output


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    with net.allocate() as place:
        address = place.web(1)
        authority = pki.Authority(tmp_path / "ca")
        certificate = authority.issue("site", [HOST])
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate.cert, certificate.key)
        plain, secure = Server((address, 8080)), Server((address, 8443))
        secure.socket = context.wrap_socket(secure.socket, server_side=True, do_handshake_on_connect=False)
        for server in (plain, secure):
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        try:
            yield Site(address, authority.ca, pki.Authority(tmp_path / "other").ca, plain, secure)
        finally:
            for server in (plain, secure):
                server.shutdown()
                server.server_close()


def test_a_healthy_site_passes_and_everything_that_was_seen_is_returned(site: Site) -> None:
    result, _output = site.probe(
        url=f"https://{site.address}:8443/health",
        host=HOST,
        ca_path=str(site.ca),
        json=["version == '2.0.0'"],
        response_headers={"Content-Type": "json"},
        body="healthy",
        max_latency_ms=60_000,
        successes=3,
        interval_ms=20,
    )
    assert (result["changed"], result["attempts"], result["successes"]) == (False, 3, 3)
    assert result["response"]["status"] == 200
    assert [check["passed"] for check in result["checks"]] == [True] * 5
    assert len(site.secure.asked) == 3
    assert site.secure.asked[0]["host"] == HOST


def test_it_waits_for_a_cold_application(site: Site) -> None:
    result, output = site.probe(url=f"http://{site.address}:8080/cold", host=HOST, interval_ms=50)
    assert (result["attempts"], result["response"]["status"]) == (4, 200)
    assert result["waited_ms"] >= 150
    assert "status is 503, expected 200" in output, "the wait shows what it waits for"


def test_it_gives_up_with_one_sentence(site: Site) -> None:
    result, _output = site.probe(
        url=f"http://{site.address}:8080/health", host=HOST, json=["version == '3.0.0'"], timeout_s=4, interval_ms=200
    )
    assert result["failed"]
    assert result["msg"].startswith(
        f"GET http://{site.address}:8080/health (Host: {HOST}): json version == '3.0.0' is false in "
    )
    assert "expected something true" in result["msg"]
    assert result["attempts"] > 2


def test_check_mode_asks_as_well(site: Site) -> None:
    result, _output = site.probe(check=True, url=f"http://{site.address}:8080/health")
    assert result["response"]["status"] == 200
    assert len(site.plain.asked) == 1


def test_a_certificate_of_another_authority_is_refused_at_once(site: Site) -> None:
    result, _output = site.probe(
        url=f"https://{site.address}:8443/health", host=HOST, ca_path=str(site.other_ca), timeout_s=30
    )
    assert result["failed"]
    assert "is not trusted" in result["msg"]
    assert result["attempts"] == 1
    assert site.secure.asked == []


def test_a_certificate_for_another_name_is_refused(site: Site) -> None:
    result, _output = site.probe(url=f"https://{site.address}:8443/health", host="pay.test", ca_path=str(site.ca))
    assert result["failed"]
    assert "is not trusted for pay.test" in result["msg"]
    assert site.secure.asked == []


def test_an_untrusted_certificate_passes_only_when_asked_for(site: Site) -> None:
    result, _output = site.probe(url=f"https://{site.address}:8443/health", host="pay.test", validate_certs=False)
    assert result["response"]["status"] == 200


def test_a_missing_ca_file_is_said(site: Site) -> None:
    result, _output = site.probe(url=f"https://{site.address}:8443/health", host=HOST, ca_path="/nonexistent/ca.pem")
    assert result["failed"]
    assert "ca_path is /nonexistent/ca.pem" in result["msg"]


def test_proxies_of_the_environment_are_ignored(site: Site) -> None:
    site.environment = {"http_proxy": f"http://{site.address}:9", "https_proxy": f"http://{site.address}:9"}
    result, _output = site.probe(url=f"http://{site.address}:8080/health", timeout_s=0)
    assert result["response"]["status"] == 200


def test_a_redirect_is_judged_and_followed_only_when_asked_for(site: Site) -> None:
    url = f"http://{site.address}:8080/away"
    result, _output = site.probe(url=url, host=HOST, timeout_s=0)
    assert "status is 302, expected 200" in result["msg"]
    followed, _output = site.probe(url=url, host=HOST, timeout_s=0, follow_redirects=True, ca_path=str(site.ca))
    assert followed["response"]["status"] == 200
    assert len(site.secure.asked) == 1


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/drip", "no complete answer"),
        ("/cut", "closed the connection before its answer was complete"),
        ("/noise", "did not answer with HTTP"),
    ],
)
def test_answers_that_are_none(site: Site, path: str, said: str) -> None:
    result, _output = site.probe(url=f"http://{site.address}:8080{path}", timeout_s=0, request_timeout_s=2)
    assert result["failed"]
    assert said in result["msg"]


def test_control_characters_of_an_answer_fail_the_attempt_with_a_clean_message(site: Site) -> None:
    result, output = site.probe(url=f"http://{site.address}:8080/nul", timeout_s=0)
    assert "status is 500, expected 200; the response was 500 a?b\u00ff" in result["msg"]
    assert result["response"]["reason"] == "a?b\u00ff"
    assert result["response"]["headers"]["x-a"] == "?"
    assert result["response"]["body_excerpt"] == "?\N{REPLACEMENT CHARACTER}"
    assert not set(output) & set("\x00\x1b\x9b\u202e")


def test_a_failure_says_what_was_requested_what_was_expected_and_what_came(site: Site) -> None:
    result, _output = site.probe(url=f"http://{site.address}:8080/broken", host=HOST, timeout_s=0)
    assert result["msg"] == (
        f"GET http://{site.address}:8080/broken (Host: {HOST}): status is 500, expected 200; the response was 500 "
        "Internal Server Error (application/json): <h1>Server Error</h1> / Invalid column name 'Colour'. / at Shop / "
        "at Shop / at Shop ...; 1 attempt in 0.0 s"
    ).replace("0.0 s", result["msg"][-5:])


def test_something_that_is_not_http_is_shown_bounded_and_printable(site: Site) -> None:
    result, _output = site.probe(url=f"http://{site.address}:8080/noise", timeout_s=0)
    assert "220 mail.example ESMTP!!!" in result["msg"]
    assert len(result["msg"]) < 500


def test_the_progress_does_not_show_a_secret_that_the_response_repeats(site: Site) -> None:
    _result, output = site.probe(
        url=f"http://{site.address}:8080/echo",
        secret_headers={"Authorization": "{{ token }}"},
        body="something else",
        timeout_s=1,
        interval_ms=300,
    )
    assert "body is " in output, "progress shows what it waits for"
    assert "t0p-s3cret" not in output


def test_a_port_where_nothing_listens_and_one_that_does_not_speak_tls(site: Site) -> None:
    nothing, _output = site.probe(url=f"http://{site.address}:9/", timeout_s=0)
    assert "refused the connection" in nothing["msg"]
    plain, _output = site.probe(url=f"https://{site.address}:8080/", timeout_s=0, validate_certs=False)
    assert "TLS with" in plain["msg"]


def test_a_server_that_accepts_and_says_nothing(site: Site) -> None:
    with socket.create_server((site.address, 8081)):
        result, _output = site.probe(url=f"http://{site.address}:8081/", timeout_s=0, request_timeout_s=1)
    assert "no complete answer" in result["msg"]


def test_a_body_beyond_the_limit_is_not_judged(site: Site) -> None:
    url = f"http://{site.address}:8080/big"
    within, _output = site.probe(url=url, body="needle", timeout_s=0)
    assert not within["failed"]
    beyond, _output = site.probe(url=url, body="xx", body_limit_kib=2, timeout_s=0)
    assert "longer than body_limit_kib" in beyond["msg"]
    assert len(beyond["response"]["body_excerpt"]) <= 500


def test_head_asks_for_no_body(site: Site) -> None:
    result, _output = site.probe(url=f"http://{site.address}:8080/health", method="HEAD", timeout_s=0)
    assert (result["response"]["status"], result["response"]["body_excerpt"]) == (200, "")


@pytest.mark.parametrize("status", [200, 418])
def test_secret_headers_are_sent_and_never_shown(site: Site, status: int) -> None:
    result, output = site.probe(
        verbose=True,
        url=f"http://{site.address}:8080/echo",
        headers={"X-Trace": "tr4ce-me"},
        secret_headers={"Authorization": "{{ token }}"},
        body="Authorization",
        status=[status],
        timeout_s=0,
    )
    assert result["failed"] is (status == 418)
    assert site.plain.asked[0]["authorization"] == TOKEN
    assert "tr4ce-me" in output, "what is not secret is shown, so the next line can fail"
    assert TOKEN not in output
    assert "c00kie-s3cret" not in output


def test_without_jmespath_json_is_refused_with_the_reason_and_the_rest_works(site: Site, tmp_path: Path) -> None:
    (tmp_path / "jmespath.py").write_text("raise ImportError('not here')\n")
    site.environment = {"PYTHONPATH": str(tmp_path)}
    url = f"http://{site.address}:8080/health"
    result, _output = site.probe(url=url, json=["version"])
    assert result["failed"]
    assert "Failed to import the required Python library (jmespath)" in result["msg"]
    assert site.plain.asked == []
    plain, _output = site.probe(url=url, timeout_s=0)
    assert plain["response"]["status"] == 200


def test_bad_input_is_refused_before_anything_is_sent(site: Site) -> None:
    result, _output = site.probe(url=f"http://{site.address}:8080/health", headers={"Authorization": "x"})
    assert result["failed"]
    assert "put it into secret_headers" in result["msg"]
    assert site.plain.asked == []
