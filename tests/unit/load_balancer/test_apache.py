# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apache's pages: what is understood, what is refused, what is sent."""

from __future__ import annotations

import pytest
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._apache.api import ApacheApi
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer._apache.manager import (
    HttpPages,
    Pages,
    extras,
    generation,
    workers,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.errors import (
    BadReply,
    LoadBalancerError,
    Refused,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._load_balancer.model import Admin, MemberId
from hypothesis import given
from hypothesis import strategies as st

WEB01 = MemberId("web", "web01")


def worker(route: str = "web01", status: str = "Init Ok ", busy: int = 0, host: str = "10.0.0.1") -> str:
    return (
        f"<httpd:worker><httpd:name>http://{host}:8080</httpd:name><httpd:hostname>{host}</httpd:hostname>"
        f"<httpd:port>8080</httpd:port><httpd:loadfactor>1.50</httpd:loadfactor><httpd:status>{status}</httpd:status>"
        f"<httpd:elected>3</httpd:elected><httpd:route>{route}</httpd:route><httpd:busy>{busy}</httpd:busy>"
        "</httpd:worker>"
    )


def page(*members: str, nonce: str = "n-1") -> str:
    return (
        "<?xml version='1.0' encoding='UTF-8' ?>\n<httpd:manager xmlns:httpd='http://httpd.apache.org'><httpd:balancers>"
        f"<httpd:balancer><httpd:name>balancer://web</httpd:name><httpd:nonce>{nonce}</httpd:nonce><httpd:workers>"
        f"{''.join(members)}</httpd:workers></httpd:balancer></httpd:balancers></httpd:manager>"
    )


class FakePages(Pages):
    def __init__(self, xml: str, status: str | None = None) -> None:
        self.xml = xml
        self.status_page = status
        self.forms: list[dict[str, str]] = []

    @property
    def where(self) -> str:
        return "http://lb/balancer-manager"

    def get(self, query: dict[str, str]) -> str:
        assert query == {"xml": "1"}
        return self.xml

    def post(self, form: dict[str, str]) -> str:
        self.forms.append(form)
        return "<h1>Load Balancer Manager for lb</h1>"

    def status(self) -> str | None:
        return self.status_page


@pytest.mark.parametrize(
    ("status", "admin", "up"),
    [
        ("Init Ok ", Admin.READY, True),
        ("Init Err ", Admin.READY, False),
        ("Init HcFl Ok ", Admin.READY, False),
        ("Init Drn Ok ", Admin.DRAIN, True),
        ("Init Dis ", Admin.MAINT, False),
        ("Init Stop ", Admin.MAINT, False),
        ("Init Gen Ok ", Admin.READY, True),
        ("Init Shut ", Admin.READY, False),
        ("??? ", Admin.READY, False),
    ],
)
def test_a_status_tells_the_state(status: str, admin: Admin, up: bool) -> None:
    found = ApacheApi(FakePages(page(worker(status=status, busy=2)))).sample([WEB01]).member(WEB01)
    assert (found.admin, found.up, found.in_flight, found.weight) == (admin, up, 2, 150)


def test_a_status_that_is_not_known_fails() -> None:
    with pytest.raises(BadReply, match="'Init New ' is not known"):
        workers(page(worker(status="Init New ")))


@given(st.text(max_size=100))
def test_unknown_pages_fail(text: str) -> None:
    for read in (workers, extras, generation):
        with pytest.raises(BadReply):
            read(text)


@given(st.integers(min_value=0, max_value=len(page(worker())) - 1))
def test_a_page_cut_off_anywhere_fails(length: int) -> None:
    with pytest.raises(BadReply):
        workers(page(worker())[:length])


def test_declarations_are_refused() -> None:
    with pytest.raises(BadReply):
        workers(page(worker()).replace("\n", "\n<!DOCTYPE x [<!ENTITY a 'b'>]>"))


def test_changes_carry_the_nonce_and_one_state() -> None:
    pages = FakePages(page(worker(), worker("web02", host="10.0.0.2")))
    api = ApacheApi(pages)
    assert api.find("10.0.0.1:8080", None) == api.find("web01", "web") == [WEB01]
    api.set_admin(WEB01, Admin.DRAIN)
    api.set_admin(WEB01, Admin.MAINT)
    api.set_weight(WEB01, 250)
    common = {"b": "web", "w": "http://10.0.0.1:8080", "nonce": "n-1"}
    assert pages.forms == [
        {**common, "w_status_N": "1", "w_status_D": "0", "w_status_S": "0"},
        {**common, "w_status_N": "0", "w_status_D": "1"},
        {**common, "w_lf": "2.50"},
    ]
    assert [peer.id.member for peer in api.peers(WEB01)] == ["web02"]


def test_a_balancer_that_takes_no_changes_is_told() -> None:
    api = ApacheApi(FakePages(page(worker(), nonce="")))
    with pytest.raises(Refused, match="nonce=none"):
        api.set_admin(WEB01, Admin.DRAIN)


def test_processes_of_a_former_start_are_counted_or_missed() -> None:
    status = "RestartTime: Friday\nParentServerMPMGeneration: 2\nStopping: 3\n"
    api = ApacheApi(FakePages(page(worker()), status))
    sample = api.sample([WEB01])
    assert (sample.process, sample.busy) == ("Friday 2", 3)
    api.after_restart("a", "b")
    assert api.traits([WEB01]).uncounted == ""
    api = ApacheApi(FakePages(page(worker())))
    assert api.sample([WEB01]).process == "n-1"
    assert "give status_url" in api.traits([WEB01]).uncounted, "unknown is not none"
    with pytest.raises(LoadBalancerError, match="give status_url"):
        api.after_restart("a", "b")


def test_a_password_in_an_address_is_refused_and_not_shown() -> None:
    with pytest.raises(Refused, match="manager_url holds a user name or a password") as error:
        HttpPages("http://user:secret@lb/x", None)
    assert "secret" not in str(error.value)


@pytest.mark.parametrize("url", ["", "ftp://lb/x", "http://lb/x?y", "lb"])
def test_addresses_that_are_refused(url: str) -> None:
    with pytest.raises(Refused, match="manager_url is"):
        HttpPages(url, None)


def test_a_server_status_that_does_not_tell_old_processes_is_not_one_without() -> None:
    api = ApacheApi(FakePages(page(worker()), "RestartTime: Friday\nParentServerMPMGeneration: 2\n"))
    assert "Only the MPM event" in api.traits([WEB01]).uncounted


def test_a_standby_is_not_another_one_up() -> None:
    for status in ("Init Stby Ok ", "Init Spar Ok "):
        api = ApacheApi(FakePages(page(worker(), worker("web02", status, host="10.0.0.2"))))
        assert api.sample([WEB01]).others_up == {"web": 0}
        assert api.peers(WEB01)[0].backup


def test_a_page_without_the_table_of_balancers_does_not_mean_that_none_is_sticky() -> None:
    with pytest.raises(BadReply, match="no table of balancers"):
        extras("<table><tr><th>Worker URL</th><th>HC Method</th></tr></table>")
