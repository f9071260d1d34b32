# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""curl, tar, certutil and fsutil."""

from __future__ import annotations

import hashlib
import io
import os
import ssl
import tarfile
import threading
import zipfile
from collections.abc import Iterator
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from lab.waiting import LIMIT_S

CURL, TAR = r"C:\Windows\System32\curl.exe", r"C:\Windows\System32\tar.exe"
CONTENT = os.urandom(300_000)


class Artifacts(BaseHTTPRequestHandler):
    """What curl fetches from."""

    protocol_version = "HTTP/1.1"
    busy = 0
    asked = threading.Event()
    left = threading.Event()

    def log_message(self, *words: Any) -> None:
        pass

    def answer(self, status: int, data: bytes = b"", **headers: str) -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(data)

    def do_GET(self) -> None:
        login = self.headers.get("Authorization")
        if self.path == "/file":
            self.answer(200, CONTENT) if login == "Basic dTpwIiBc" else self.answer(401)  # u:p" and a backslash
        elif self.path == "/redirect":
            self.answer(302, Location="/file")
        elif self.path == "/plain":
            self.answer(302, Location=f"http://{self.headers['Host']}/file")
        elif self.path == "/busy":
            Artifacts.busy += 1
            self.answer(503 if Artifacts.busy < 3 else 200, b"ok")
        elif self.path == "/slow":
            Artifacts.asked.set()
            # The client sends nothing more: what comes is the end of its connection.
            self.connection.settimeout(LIMIT_S)
            with suppress(OSError):
                if not self.connection.recv(1):
                    Artifacts.left.set()
        elif self.path == "/short":
            self.send_response(200)
            self.send_header("Content-Length", "1000")
            self.end_headers()
            self.wfile.write(b"short")
            self.close_connection = True
        else:
            self.answer(404)

    do_HEAD = do_GET  # noqa: N815


@pytest.fixture(name="url", scope="module")
def _url(host: Any) -> Iterator[str]:
    certificate = host.authority.issue("artifacts", [host.address])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.cert, certificate.key)
    server = ThreadingHTTPServer((host.address, 8443), Artifacts)
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True).start()
    yield f"https://{host.address}:8443"
    server.shutdown()
    server.server_close()


def config(url: str, *lines: str) -> bytes:
    return "\n".join((f'url = "{url}"', "silent", "show-error", *lines)).encode()


USER = 'user = "u:p\\" \\\\"'


def test_a_download_with_its_secret_on_standard_input(host: Any, shell: Any, url: str) -> None:
    lines = (USER, "fail", "location", r'output = "C:\\fetched.bin"', 'write-out = "status=%{http_code}"')
    code, out, err = shell.run(CURL, "-q", "--config", "-", stdin=config(f"{url}/redirect", *lines))
    assert (code, out, err) == (0, "status=200", "")
    assert (host.drive / "fetched.bin").read_bytes() == CONTENT
    assert not any('p"' in line for line in host.ask(transcript=True)["transcript"])
    code, out, _unused = shell.run(r"C:\Windows\System32\certutil.exe", "-hashfile", r"C:\fetched.bin", "SHA256")
    assert code == 0
    assert out.splitlines()[1] == hashlib.sha256(CONTENT).hexdigest()


@pytest.mark.parametrize(
    ("path", "options", "code"),
    [
        ("/file", ["-f"], 22),
        ("/file", [], 0),
        ("/nonesuch", ["--fail"], 22),
        ("/slow", ["-m", "1"], 28),
        ("/short", [], 18),
        ("/plain", ["-L", "--proto", "=https", "--proto-redir", "=https"], 1),
        ("/busy", ["-f"], 22),
        ("/busy", ["-f", "--retry", "2", "--retry-delay", "1"], 0),
        ("/file", ["--nonesuch"], 250),
        ("/file", ["-X", "PUT"], 250),
        ("/redirect", ["-o", r"C:\nodir\x"], 23),
    ],
)
def test_exit_codes(shell: Any, url: str, path: str, options: list[str], code: int) -> None:
    Artifacts.busy = 0
    assert shell.run(CURL, "-sS", *options, url + path)[0] == code


def test_hosts_that_cannot_be_reached_or_trusted(host: Any, shell: Any, url: str) -> None:
    assert shell.run(CURL, "-sS", f"https://{host.address}:1/")[0] == 7
    assert shell.run(CURL, "-sS", "https://nonesuch.invalid/")[0] == 6
    assert shell.run(CURL, "-sS", url.replace("https", "ftp"))[0] == 1
    wrong = url.replace(host.address, "127.0.0.1")
    assert shell.run(CURL, "-sS", wrong)[0] == 7
    (host.drive / "other.pem").write_bytes(host.authority.issue("other", ["x"]).cert.read_bytes())
    assert shell.run(CURL, "-sS", "--cacert", r"C:\other.pem", url)[0] == 60
    assert shell.run(CURL, "-sS", "--cacert", r"C:\nonesuch.pem", url)[0] == 77


def test_the_end_of_a_file(host: Any, shell: Any) -> None:
    (host.drive / "a log.txt").write_bytes(b"0123456789")
    address = "file:///C:/a%20log.txt"
    assert shell.run(CURL, "-s", "--range", "-4", address) == (0, "6789", "")
    assert shell.run(CURL, "-s", "--proto", "=file", address) == (0, "0123456789", "")
    assert shell.run(CURL, "-s", "--range", "-11", address)[0] == 36
    assert shell.run(CURL, "-s", "file:///C:/nonesuch")[0] == 37
    assert shell.run(CURL, "-s", "--proto", "=https", address)[0] == 1


def test_an_older_curl_and_a_strict_schannel(hosts: Any, open_shell: Any, url: str) -> None:
    host = hosts(curl_version="7.55.1", revocation_check=True, missing_tools=["tar.exe"], language="de", windows="2022")
    shell = open_shell(host.protocol())
    assert shell.run(CURL, "--version")[1].startswith("curl 7.55.1 ")
    assert shell.run(CURL, "-sS", "--ssl-revoke-best-effort", url)[0] == 2
    assert shell.run(CURL, "-sS", url)[0] == 35
    assert shell.run(CURL, "-sS", "--ssl-no-revoke", url)[0] == 60  # this host has another CA
    assert shell.cmd("tar --version")[0] == 1
    code, out, _unused = shell.run("fsutil", "volume", "diskfree", "C:")
    assert code == 0
    assert out.startswith("Freie Bytes")
    assert shell.appcmd("start", "apppool", "/apppool.name:shop")[1].startswith("FEHLER ( hresult:80070420")


def zipped(files: dict[str, bytes]) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return data.getvalue()


def test_tar_unpacks_and_lists_zip_and_tar(host: Any, shell: Any) -> None:
    files = {"web.config": b"<x/>", "bin/a.dll": b"a" * 1000, "empty": b""}
    (host.drive / "a.zip").write_bytes(zipped(files))
    shell.cmd(r"mkdir C:\unpacked")
    assert shell.run(TAR, "-tf", r"C:\a.zip") == (0, "web.config\r\nbin/a.dll\r\nempty\r\n", "")
    verbose = shell.run(TAR, "-tvf", r"C:\a.zip")[1].splitlines()
    assert [line.split()[0][0] for line in verbose] == ["-", "-", "-"]
    assert verbose[1].split()[4] == "1000"
    assert shell.run(TAR, "-xf", r"C:\a.zip", "-C", r"C:\unpacked") == (0, "", "")
    found = {
        str(p.relative_to(host.drive / "unpacked")): p.read_bytes()
        for p in (host.drive / "unpacked").rglob("*")
        if p.is_file()
    }
    assert found == files
    assert shell.run(TAR, "-xf", r"C:\a.zip", "-C", r"C:\nonesuch")[0] == 1
    assert shell.run(TAR, "-cf", r"C:\b.tar", r"C:\unpacked")[0] == 250
    code, packed, _unused = shell.raw(TAR, "-cf", "-", "-C", r"C:\unpacked", ".")
    with tarfile.open(fileobj=io.BytesIO(packed)) as archive:
        written = {entry.name.removeprefix("./"): entry.size for entry in archive if entry.isfile()}
    assert (code, written) == (0, {name: len(content) for name, content in files.items()})


def test_tar_stays_in_its_directory_and_reports_failures(host: Any, shell: Any) -> None:
    shell.cmd(r"mkdir C:\deep\er")
    (host.drive / "evil.zip").write_bytes(
        zipped({"../up.txt": b"x", "good.txt": b"y", "C:/abs.txt": b"z", "/root.txt": b"z"})
    )
    code, _unused, err = shell.run(TAR, "-xf", r"C:\evil.zip", "-C", r"C:\deep\er")
    assert code == 1
    assert "Path contains '..'" in err
    assert sorted(p.name for p in (host.drive / "deep").rglob("*")) == ["abs.txt", "er", "good.txt", "root.txt"]
    (host.drive / "broken.zip").write_bytes(zipped({"a": CONTENT})[:-400])
    assert shell.run(TAR, "-xf", r"C:\broken.zip", "-C", r"C:\deep")[0] == 1
    (host.drive / "noise.zip").write_bytes(b"noise" * 200)
    assert shell.run(TAR, "-tf", r"C:\noise.zip")[0] == 1
    link = io.BytesIO()
    with tarfile.open(fileobj=link, mode="w") as archive:
        info = tarfile.TarInfo("link")
        info.type, info.linkname = tarfile.SYMTYPE, "/etc/passwd"
        archive.addfile(info)
    assert shell.run(TAR, "-xf", "-", "-C", r"C:\deep", stdin=link.getvalue())[0] == 1
    assert not (host.drive / "deep" / "link").is_symlink()


def free(shell: Any) -> int:
    line = shell.run("fsutil", "volume", "diskfree", "c:")[1].splitlines()[0]
    return int(line.partition(":")[2])


def test_a_full_disk(hosts: Any, open_shell: Any) -> None:
    host = hosts(drive_limit_bytes=400_000)
    shell = open_shell(host.protocol())
    before = free(shell)
    assert 350_000 < before < 400_000
    (host.drive / "a.zip").write_bytes(zipped({"first": b"1" * 100_000, "second": b"2" * 500_000, "third": b"3"}))
    shell.cmd(r"mkdir C:\out")
    code, _unused, err = shell.run(TAR, "-xf", r"C:\a.zip", "-C", r"C:\out")
    assert code == 1
    assert "No space left on device" in err
    assert (host.drive / "out" / "first").stat().st_size == 100_000
    assert free(shell) == 0
    assert shell.cmd(r"copy C:\out\first C:\copy")[0] == 1
    assert shell.cmd(r"rmdir /s /q C:\out")[0] == 0
    assert free(shell) > 300_000
    host.ask(drive_limit_bytes=None)
    assert shell.run(TAR, "-xf", r"C:\a.zip", "-C", r"C:\\")[0] == 0


def test_certutil_fails_as_on_windows(host: Any, shell: Any) -> None:
    (host.drive / "empty").touch()
    for path, number in ((r"C:\nonesuch", "0x80070002"), (r"C:\empty", "0x800703ee")):
        code, out, _unused = shell.run("certutil", "-hashfile", path, "SHA256")
        assert code == int(number, 16) - (1 << 32)
        assert number in out
    assert shell.run("certutil", "-urlcache", "-f", "x")[0] == 250


def test_a_download_that_is_ended_lets_go_at_once(shell: Any, url: str) -> None:
    Artifacts.asked.clear()
    Artifacts.left.clear()
    words = ["-sS", "-o", r"C:\slow.bin", url + "/slow"]
    command = shell.protocol.run_command(shell.id, CURL, words, skip_cmd_shell=True)
    assert Artifacts.asked.wait(LIMIT_S)
    assert not Artifacts.left.wait(0.5)
    shell.protocol.cleanup_command(shell.id, command)
    assert Artifacts.left.wait(LIMIT_S / 2)
