# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Each parser with valid inputs to begin from, and the errors that it may raise."""

from __future__ import annotations

import io
import re
import socket
import tempfile
import zipfile
from collections.abc import Callable
from pathlib import Path

from ansible_collections.zero_downtime.dotnet.plugins.module_utils import _text
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http import client
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.checks import BodyCheck, HeaderCheck, JsonCheck
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.probe import redirected
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import (
    InvalidRequest,
    Request,
    Response,
    TransportFailure,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._apache import manager
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._haproxy import parse as haproxy
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import LoadBalancerError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._mssql.odbc import server_error
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release import archive
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.document import parse, plain
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.errors import InvalidFile, ReleaseError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.schema import SCHEMA
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._release.validate import problems
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.errors import ScriptError
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.names import check_names, order
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.phases import PHASES
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.reader import parse_text
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._scripts.text import ENCODINGS, decode
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.linter import check_scripts
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._tsql.options import Options
from ansible_collections.zero_downtime.dotnet.plugins.modules.http_probe import compiled, described, pattern, shown
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import archive as listing
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis import fetch, marker
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd import Appcmd
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.appcmd_pools import AppcmdPools
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.errors import IisError
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.node_windows import WindowsFiles
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.release_server import last_lines
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.site_api import AppcmdSites, path_in
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.transport import (
    Command,
    CommandResult,
    CommandRunner,
)
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.web_config import read_web_config
from ansible_collections.zero_downtime.dotnet.plugins.plugin_utils._iis.winrm import decode_output

from .harness import Parser

SHA = "0" * 64
RELEASE = f"""app: shop
version: 2.0.0
description: "a \\u00e9 release"
web: {{artifact: web.zip, sha256: {SHA}}}
database:
  expand: db/expand
smoke: [{{path: /smoke, status: [200], body: '^ok$', json: ["a.b"], headers: {{x: y}}}}]
uses: [dbo.Things, '[a].[b]']
supports: {{contract_after: 1}}
"""
SQL = """-- migrate: release 2.0.0
-- migrate: batch 100 pause 5ms
IF OBJECT_ID(N'dbo.Things') IS NULL
CREATE TABLE dbo.Things (Id int NOT NULL CONSTRAINT PK PRIMARY KEY, [a b] nvarchar(20) NULL DEFAULT N'x');
GO 2
:setvar A "b"
DECLARE @a int = $(BatchSize); /* c /* d */ e */
UPDATE TOP (@a) t SET x = 1 FROM dbo.Things t WHERE "q" IS NULL;
EXEC sp_executesql N'DROP TABLE dbo.x';
GO
"""


def _bytes(text: str) -> bytes:
    """The input as bytes: as latin-1 where it can be, so that every byte occurs."""
    try:
        return text.encode("latin-1")
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")


# -- a release
def _release(text: str) -> None:
    node = parse(_bytes(text), "release.yml")
    found = problems(node, SCHEMA)
    plain(node)
    if found:
        raise InvalidFile("release.yml", found)


def _zip_seeds() -> list[str]:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr("release.yml", "app: shop\n")
        file.writestr("db/expand/1.sql", "SELECT 1")
    return [made.getvalue().decode("latin-1")]


def _unpack(text: str) -> None:
    with tempfile.TemporaryDirectory() as directory:
        file, target = Path(directory) / "r.zip", Path(directory) / "target"
        file.write_bytes(_bytes(text))
        target.mkdir()
        archive.unpack(file, target, 1_000_000)


def _lint(text: str) -> None:
    check_scripts([("p.sql", text)], Options(phase="expand", advice=False))


def _scripts(text: str) -> None:
    parse_text(text, PHASES[len(text) % len(PHASES)])


def _decode(text: str) -> None:
    for encoding in ENCODINGS:
        try:
            decode(_bytes(text), encoding)
        except ScriptError:
            continue


def _names(text: str) -> None:
    names = [name[:255] for name in text.split("|")]  # no file system has longer ones
    sorted(names, key=order)
    list(check_names(names))


# -- a node
class _Node(CommandRunner):
    """Prints the same for every command."""

    def __init__(self, text: str) -> None:
        # An exit code in front of the output: 0 unless it begins with one.
        text = decode_output(_bytes(text))
        code = re.match(r"\A!([0-9]{1,10})!", text)
        self._result = CommandResult(int(code[1]) if code else 0, text[code.end() :] if code else text, text[:50])

    def run(self, command: Command) -> CommandResult:
        return self._result


def _appcmd(text: str) -> None:
    node = _Node(text)
    # A clock that jumps: nothing is retried for long.
    ticks = iter(range(0, 10_000, 100))
    appcmd = Appcmd(node, r"C:\Windows", lambda: float(next(ticks)), lambda _seconds: None)
    pools, sites = AppcmdPools(appcmd), AppcmdSites(appcmd)
    reads: list[Callable[[], object]] = [
        lambda: pools.pools(with_config=True),
        pools.workers,
        pools.requests,
        lambda: path_in(sites.virtual_directories(), "Shop", "/"),
    ]
    for read in reads:
        try:
            read()
        except IisError:
            continue


def _tools(text: str) -> None:
    text = decode_output(_bytes(text))
    files = WindowsFiles(_Node(text), r"C:\Windows")
    reads: list[Callable[[], object]] = [
        lambda: files.directories("C:\\x"),
        lambda: files.free_bytes("C:\\x"),
        lambda: files.sha256("C:\\x"),
        lambda: files.newest_file("C:\\x\\*"),
        files.tools,
        lambda: listing.inspect(text, text, marker.MARKER),
        lambda: listing.check_head(text),
        lambda: fetch.size_of_head(fetch.Source("https://a.test/x"), 0, text, text),
        lambda: fetch.check_download(fetch.Source("https://a.test/x"), 22, text, text),
        lambda: read_web_config(text),
    ]
    for read in reads:
        try:
            read()
        except IisError:
            continue
    marker.read_marker(text)
    marker.read_history(text)
    last_lines(decode_output(_bytes(text)), 5)


# -- load balancers
def _haproxy(text: str) -> None:
    text = _bytes(text).decode("utf-8", "replace")
    reads: list[Callable[[], object]] = [
        lambda: [(row.text("svname"), row.number("scur"), row.number_or_none("weight")) for row in haproxy.stat(text)],
        lambda: [row.number("srv_admin_state") for row in haproxy.servers_state(text)],
        lambda: haproxy.info(text),
        lambda: haproxy.tables(text),
        lambda: haproxy.table_servers(text),
        lambda: haproxy.oldest_age_s(text, {("web", "web01")}),
        lambda: haproxy.processes(text),
        lambda: haproxy.variable(text),
        lambda: haproxy.sections(text, 1, "show stat"),
        lambda: haproxy.expect_empty_reply(text, "x"),
    ]
    for read in reads:
        try:
            read()
        except LoadBalancerError:
            continue


def _apache(text: str) -> None:
    text = _bytes(text).decode("utf-8", "replace")
    for read in (manager.workers, manager.extras, manager.generation):
        try:
            read(text)
        except LoadBalancerError:
            continue


# -- HTTP
def _http(text: str) -> None:
    here, there = socket.socketpair()
    there.setblocking(False)
    try:
        there.sendall(_bytes(text)[:100_000])
    except BlockingIOError:
        pass
    finally:
        there.shutdown(socket.SHUT_WR)
    original = socket.create_connection
    socket.create_connection = lambda *_unused, **_named: here
    try:
        response = client.DirectTransport().send(Request("http://127.0.0.1/x", timeout_s=5, body_limit=10_000))
        shown(response)
        described(response, False)
    finally:
        socket.create_connection = original
        there.close()
        here.close()


def _checks(text: str) -> None:
    head, _unused, body = text.partition("\n\n")
    response = Response(200, text[:20], {"content-type": head, "x": body}, _bytes(body), secrets=(head[:8],))
    for check in (
        BodyCheck(re.compile("o+k")),
        HeaderCheck(re.compile("^a"), "x"),
        JsonCheck("a.b[0]", compiled("a.b[0]")),
        JsonCheck("length(@)", compiled("length(@)")),
    ):
        str(check.judge(response))


def _redirect(text: str) -> None:
    redirected(Request("http://127.0.0.1:80/x", host="shop.test"), Response(302, headers={"location": text}))


def _options(text: str) -> None:
    for read in (lambda: pattern("body", text), lambda: compiled(text), lambda: Request(text)):
        try:
            read()
        except InvalidRequest:
            continue


# -- SQL Server, and text of anybody
def _sql_error(text: str) -> None:
    for arguments in ((text,), ("42000", text), (text, text)):
        str(server_error(Exception(*arguments)))


def _cleaned(text: str) -> None:
    for shown_text in (_text.one_line(text), _text.message(text), _text.clean(text), _text.first_lines(text)):
        assert _text.clean(shown_text) == shown_text, "cleaning twice changes it"
        assert "\x1b" not in shown_text and "\0" not in shown_text
        shown_text.encode("utf-8")
    assert "\n" not in _text.one_line(text)
    assert all(line.startswith("  ") for line in _text.message(text).split("\n")[1:])


_APPCMD = '<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n{}</appcmd>\r\n'
_POOL = (
    '<APPPOOL APPPOOL.NAME="Shop" state="Started"><add name="Shop" autoStart="true" startMode="OnDemand">'
    '<processModel shutdownTimeLimit="00:01:30"/><recycling disallowOverlappingRotation="false"/>'
    '<failure rapidFailProtection="true" rapidFailProtectionInterval="00:05:00"/></add></APPPOOL>'
)
_ROWS = (
    _POOL,
    '<WP WP.NAME="42" APPPOOL.NAME="Shop"/>',
    '<REQUEST REQUEST.NAME="f1" Url="/slow?t=1" Verb="GET" Time="1200" APPPOOL.NAME="Shop" WP.NAME="42"/>',
    '<VDIR VDIR.NAME="Shop/" physicalPath="C:\\shop" path="/" APP.NAME="Shop/"/>',
)
_STAT = "# pxname,svname,qcur,scur,status,weight,iid,sid,\nweb,web01,0,3,UP,100,2,1,\n\n"
_PROC = "#<PID> <type> <reloads>\n100 master 1\n# workers\n42 worker 0\n# old workers\n"
_BALANCER = (
    '<?xml version="1.0"?><httpd:manager xmlns:httpd="http://httpd.apache.org"><httpd:balancers><httpd:balancer>'
    "<httpd:name>balancer://web</httpd:name><httpd:nonce>n</httpd:nonce><httpd:workers><httpd:worker>"
    "<httpd:name>http://10.0.0.1</httpd:name><httpd:status>Init Ok </httpd:status><httpd:route>web01</httpd:route>"
    "<httpd:busy>0</httpd:busy><httpd:elected>3</httpd:elected><httpd:loadfactor>1.00</httpd:loadfactor>"
    "<httpd:hostname>10.0.0.1</httpd:hostname><httpd:port>80</httpd:port></httpd:worker></httpd:workers>"
    "</httpd:balancer></httpd:balancers></httpd:manager>"
)
_PAGE = (
    "<table><tr><th>StickySession</th><th>Worker URL</th><th>HC Method</th></tr><tr><td>x</td><td>u</td></tr></table>"
)

PARSERS = (
    Parser("release.yml", [RELEASE], _release, (ReleaseError,),
           ["&a ", "*a", "!!", "- ", "? ", "| ", "---\n", "\\U"], 0.1),
    Parser("zip file of a release", _zip_seeds(), _unpack, (ReleaseError,),
           ["PK\x03\x04", "PK\x01\x02", "\xff\xff"], 0.1),
    Parser("script names", ["1_a.sql|2_b.sql|V3__c.sql", "1.2-x.sql|a.sql"], _names, (), ["|", "1.", "_"]),
    Parser("encodings of a script", [SQL, "\xff\xfeS\0E\0", "\xef\xbb\xbfSELECT"], _decode, (),
           ["\xff\xfe", "\xc3\xa4"]),
    Parser("reader of scripts", [SQL], _scripts, (),
           ["GO", "GO 999999999999", "$(a)", "-- migrate: ", "N'", "BEGIN"], 0.1),
    Parser("lint", [SQL], _lint, (), ["DROP TABLE ", "ALTER ", "N'", "BEGIN ", "CASE ", "-- lint: allow "], 0.1),
    Parser("appcmd", [_APPCMD.format(row) for row in _ROWS], _appcmd, (),
           ["<appcmd>", "!1!", "&#x1;", "hresult:80070005"]),
    Parser(
        "tools of a node",
        ["Total free bytes : 1,234 (5 GB)\r\n", "a/\r\nb.txt", "-rw-r--r-- 0 0 0 10 Jan 01 12:00 a.txt", "0f " * 32,
         "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nstatus=200", '{"format": 1, "version": "1", "checksum": "x"}',
         '<configuration><system.webServer><aspNetCore stdoutLogEnabled="true"/></system.webServer></configuration>'],
        _tools, (), ["<!DOCTYPE x [", "!3!", "\xff\xfe"],
    ),
    Parser(
        "HAProxy",
        [_STAT, "1\n# be_id srv_name srv_admin_state\n2 web01 0\n", "Name: HAProxy\nVersion: 2.6\nPid: 42\n", _PROC,
         "# table: web, type: ip, size:10, used:3\n", "0x1: be=web srv=web01 ts=0 age=1h2m calls=1\n"],
        _haproxy, (), [",", "# ", "used:", "age=", "1d"],
    ),
    Parser("Apache", [_BALANCER, _PAGE, "RestartTime: x\nParentServerMPMGeneration: 1\nStopping: 0\n"], _apache, (),
           ["<httpd:worker>", "<td>", "nan", "1e999", "<!ENTITY"]),
    Parser(
        "HTTP",
        ["HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: text/html; charset=latin-1\r\n\r\nok",
         "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "HTTP/1.1 100 Continue\r\n\r\n"],
        _http, (TransportFailure,), ["\r\n", "HTTP/1.1 ", "-1", "charset=idna", ": "],
    ),
    Parser("checks of a response", ['text/html; charset=utf-16\n\n{"a": {"b": [1]}}'], _checks, (),
           ["charset=punycode", "\n\n", "[" * 5000, "NaN", "1e999"]),
    Parser("redirects", ["http://shop.test/y", "/y", "https://shop.test:8443/y?z#a"], _redirect, (TransportFailure,),
           ["//", "@", "[::1]", ":99999"]),
    Parser("options of a smoke test", ["^a(b|c)+$", "a.b[?c == 'd'] | [0]", "http://a.test/x"], _options, (),
           ["(?P<", "{1,99999}", "`1`", "[[", "(?<="]),
    Parser("errors of SQL Server",
           ["[42000] [FreeTDS][SQL Server]Invalid column name 'x'. (207) (SQLExecDirectW); [42000] [x] y (208)"],
           _sql_error, (), ["[", "](", "(99999999999999999999)", "; "]),
    Parser("text from outside", ["a\x1b[31mb\x1b]0;t\x07", "one\r\ntwo\nPLAY RECAP"], _cleaned, (),
           ["\x1b", "\x9b", "\x9d", "m"]),
)  # fmt: skip
