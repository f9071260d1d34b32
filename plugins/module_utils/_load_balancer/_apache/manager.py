# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache's balancer-manager and server-status: fetches the pages and parses them.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

import base64
import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import NoReturn
from urllib.parse import urlencode, urlsplit
from xml.etree import ElementTree

from ..._http.client import DirectTransport
from ..._http.transport import InvalidRequest, Request, TransportFailure
from ..._text import excerpt
from ..errors import BadReply, Refused, Unreachable

_NAMESPACE = "{http://httpd.apache.org}"
# proxy_wstat_tbl in mod_proxy.c. ap_proxy_parse_wstatus in proxy_util.c adds "Ok", and "???" where no flag is set.
_TOKENS = frozenset(
    {"Init", "Ign", "Drn", "Gen", "Shut", "Dis", "Stop", "Err", "Stby", "Spar", "Free", "HcFl", "Ok", "???"}
)
_MOST_BYTES = 16 * 1024 * 1024
_OK = 200


class Pages(ABC):
    """Fetches pages. Tests use a script of pages."""

    @property
    @abstractmethod
    def where(self) -> str:
        """The address, for messages."""

    @abstractmethod
    def get(self, query: dict[str, str]) -> str:
        """The balancer-manager's page. Raises Unreachable or Refused."""

    @abstractmethod
    def post(self, form: dict[str, str]) -> str:
        """Sends a form to the balancer-manager."""

    @abstractmethod
    def status(self) -> str | None:
        """The server-status page in its machine-readable form. None: its address is not known."""


class HttpPages(Pages):
    """Pages over HTTP or HTTPS."""

    def __init__(
        self,
        url: str | None,
        status_url: str | None,
        *,
        timeout_s: float = 5.0,
        validate_certs: bool = True,
        ca_path: str | None = None,
        login: tuple[str, str] | None = None,
    ) -> None:
        for option, address in (("manager_url", url), ("status_url", status_url)):
            if address is None and option == "status_url":
                continue
            parts = urlsplit(address or "")
            if parts.username is not None or parts.password is not None:
                raise Refused(f"{option} holds a user name or a password: give url_username and url_password instead.")
            if parts.scheme not in {"http", "https"} or not parts.hostname or parts.query:
                raise Refused(f"{option} is {address!r}: an http or https address without a query is expected.")
        self._url = url or ""
        self._status_url = status_url
        self._timeout_s = timeout_s
        self._transport = DirectTransport(validate_certs, ca_path)
        self._login = {} if login is None else {"Authorization": _basic(*login)}

    @property
    def where(self) -> str:
        return self._url

    def get(self, query: dict[str, str]) -> str:
        return self._fetch(self._url + ("?" + urlencode(query) if query else ""), "manager_url")

    def post(self, form: dict[str, str]) -> str:
        return self._fetch(self._url, "manager_url", urlencode(form))

    def status(self) -> str | None:
        return self._fetch(self._status_url + "?auto", "status_url") if self._status_url else None

    def _fetch(self, url: str, option: str, form: str | None = None) -> str:
        # Apache accepts a change only with its own page as the referrer (protection against CSRF).
        headers = {"Referer": self._url}
        if form is not None:
            headers["Content-Type"] = "application/x-www-form-urlencoded"
        try:
            answer = self._transport.send(
                Request(
                    url, "GET" if form is None else "POST", None, headers, self._login,
                    None if form is None else form.encode("ascii"), self._timeout_s, _MOST_BYTES,
                )
            )  # fmt: skip
        except (TransportFailure, InvalidRequest) as error:
            raise Unreachable(
                f"Apache's page {self._url if option == 'manager_url' else self._status_url} (option {option}) cannot "
                f"be reached: {excerpt(str(error))}. Is Apache running, and may this host reach it?"
            ) from None
        if answer.status != _OK:
            self._refuse(answer.status, option)
        if answer.truncated:
            raise BadReply(f"Apache's page (option {option}) is larger than {_MOST_BYTES} bytes.")
        return answer.body.decode("utf-8", "replace")

    def _refuse(self, code: int, option: str) -> NoReturn:
        address = self._url if option == "manager_url" else self._status_url
        handler = "balancer-manager" if option == "manager_url" else "server-status"
        if code in {401, 403}:
            raise Refused(
                f"Apache does not permit {address} (option {option}, status {code}): allow this host or give "
                f"url_username and url_password."
            )
        raise Refused(
            f"Apache answered {code} at {address} (option {option}): the address of its {handler} is expected "
            f"(SetHandler {handler})."
        )


def _basic(user: str, password: str) -> str:
    """The value of the header Authorization (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


@dataclass(frozen=True)
class Worker:
    """One worker of the balancer-manager."""

    balancer: str
    nonce: str
    url: str
    route: str
    tokens: frozenset[str]
    status: str
    busy: int
    elected: int
    factor: float
    address: str

    @property
    def name(self) -> str:
        return self.route or self.address


def workers(text: str) -> list[Worker]:
    """Parses the balancer-manager's XML. Raises BadReply for what is unexpected."""
    if not text.startswith("<?xml") or "<!" in text:
        raise BadReply(
            "Apache's balancer-manager did not answer in XML: Apache 2.4 with mod_proxy_balancer is expected, and a "
            "proxy in between must pass on the header Referer."
        )
    try:
        root = ElementTree.fromstring(text)  # noqa: S314 - documents with declarations have been refused
        found = [
            _worker(balancer, worker)
            for balancer in root.iter(_NAMESPACE + "balancer")
            for worker in balancer.iter(_NAMESPACE + "worker")
        ]
    except (ElementTree.ParseError, ValueError) as error:
        raise BadReply(f"The answer of Apache's balancer-manager was cut off or is not understood: {error}.") from None
    return found


def _worker(balancer: ElementTree.Element, worker: ElementTree.Element) -> Worker:
    def text(element: ElementTree.Element, name: str) -> str:
        child = element.find(_NAMESPACE + name)
        if child is None:
            raise ValueError(f"there is no {name}")
        return child.text or ""

    status = text(worker, "status")
    tokens = frozenset(status.split())
    if not tokens or not tokens <= _TOKENS:
        raise ValueError(f"the status {status[:100]!r} is not known")
    return Worker(
        balancer=text(balancer, "name").rpartition("balancer://")[2],
        nonce=text(balancer, "nonce"),
        url=text(worker, "name"),
        route=text(worker, "route"),
        tokens=tokens,
        status=status.strip(),
        busy=int(text(worker, "busy")),
        elected=int(text(worker, "elected")),
        factor=float(text(worker, "loadfactor")),
        address=f"{text(worker, 'hostname')}:{text(worker, 'port')}",
    )


class _Tables(HTMLParser):
    """Collects the rows of all tables of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.rows: list[list[str]] = []
        self._cell: list[str] | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "tr":
            self.rows.append([])
        elif tag in {"td", "th"} and self.rows:
            self._cell = []

    def handle_endtag(self, tag: str) -> None:
        if tag in {"td", "th"} and self._cell is not None:
            self.rows[-1].append("".join(self._cell).strip())
            self._cell = None

    def handle_data(self, data: str) -> None:
        if self._cell is not None:
            self._cell.append(data)


@dataclass(frozen=True)
class Extras:
    """What only the HTML page shows."""

    checked: frozenset[str]
    """Addresses of workers with health checks."""
    sticky: bool
    """Whether any balancer has sticky sessions."""


def extras(page: str) -> Extras:
    """Parses the balancer-manager's HTML page."""
    tables = _Tables()
    tables.feed(page)
    header: list[str] = []
    checked = set()
    sticky = False
    seen: set[str] = set()
    for row in tables.rows:
        titles = {"Worker URL", "StickySession"} & set(row)
        if titles:
            header = row
            seen |= titles
            continue
        cells = dict(zip(header, row))
        if "Worker URL" in cells and cells.get("HC Method", "NONE") not in {"NONE", ""}:
            checked.add(cells["Worker URL"])
        if cells.get("StickySession", "(None)") not in {"(None)", ""}:
            sticky = True
    if len(seen) < 2:
        raise BadReply("Apache's balancer-manager answered with a page that has no table of balancers.")
    return Extras(frozenset(checked), sticky)


def generation(text: str) -> tuple[str, int | None]:
    """An id of this start of Apache, and how many processes of former starts still run.

    None: this Apache does not tell, because its MPM is not event.
    """
    found = dict(re.findall(r"^([A-Za-z]+): (.*)$", text, re.MULTILINE))
    try:
        name = f"{found['RestartTime']} {found['ParentServerMPMGeneration']}"
        return name, int(found["Stopping"]) if "Stopping" in found else None
    except (KeyError, ValueError):
        raise BadReply("Apache's server-status is not understood: mod_status of Apache 2.4 is expected.") from None
