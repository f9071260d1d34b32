# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""HAProxy behind the abstract API.

Private to this collection: it may change at any time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Callable

from ..._text import excerpt
from ..abilities import (
    AgentChecks,
    CountsAfterRestart,
    Cutting,
    Explains,
    RequestAge,
    ResumesChecks,
    SavesState,
    Weights,
)
from ..api import LoadBalancerApi
from ..errors import BadReply, LoadBalancerError, Refused
from ..model import Admin, Agent, Member, MemberId, Sample, TakenOutBy, Traits
from . import local_host, parse, state_file
from .master import Master
from .names import check_name, member_path, suggest
from .runtime import Transport

_SERVERS = 4
_MOST_WEIGHT = 256
_MOST_SESSIONS = 1000
_MOST_CLIENTS = 100_000
_BACKEND_AND_SERVERS = 6
_MOST_RULES = 5
# srv_admin_state, from "show servers state" in HAProxy's management.txt and enum srv_admin in server-t.h. 0x04 alone
# (the configuration says disabled, and the server was enabled since) and 0x40 (the FQDN was changed) take nothing out.
_FORCED_MAINT = 0x01
_INHERITED_MAINT = 0x02
_CONFIGURED_MAINT = 0x04
_FORCED_DRAIN = 0x08
_INHERITED_DRAIN = 0x10
_RESOLUTION_MAINT = 0x20
_CHECK_CONFIGURED = 0x02
_CHECK_ENABLED = 0x04
_GOOD_CHECKS = frozenset({"L4OK", "L6OK", "L7OK", "L7OKC"})


class HaproxyApi(
    LoadBalancerApi, AgentChecks, CountsAfterRestart, Cutting, Explains, RequestAge, ResumesChecks, SavesState, Weights
):
    """The runtime API of one HAProxy."""

    def __init__(
        self,
        transport: Transport,
        master: Master | None = None,
        *,
        state_file: str | None = None,
        closes_on_down: bool | None = None,
        ignores_old_workers: bool = False,
        local: bool = False,
        open_master: Callable[[str], Master | None] | None = None,
    ) -> None:
        self._transport = transport
        self._master = master
        self._state_file = state_file
        self._closes_on_down = closes_on_down
        self._ignores_old_workers = ignores_old_workers
        self._local = local
        self._open_master = open_master
        self._places: dict[MemberId, tuple[int, int]] = {}
        self._connections = 0

    @property
    def where(self) -> str:
        return f"HAProxy at {self._transport.where}"

    # Reading

    def find(self, member: str, backend: str | None) -> list[MemberId]:
        check_name("server", member)
        if backend is not None:
            check_name("backend", backend)
        rows = self._show_stat(-1, _SERVERS, -1)
        if backend is not None:
            backends = {row.text("pxname") for row in rows}
            if backend not in backends:
                raise Refused(f"{self.where} has no backend {backend} with servers: {suggest(backend, backends)}")
            rows = [row for row in rows if row.text("pxname") == backend]
        found = [row for row in rows if row.text("svname") == member]
        if not found:
            place = f"backend {backend}" if backend else "any backend"
            names = [row.text("svname") for row in rows]
            raise Refused(f"{self.where} has no server {member} in {place}: {suggest(member, names)}")
        for row in found:
            self._remember(row)
        if self._master is None and self._open_master is not None:
            self._master = self._open_master(self._master_address())
        return [_id(row) for row in found]

    def read(self, ids: Sequence[MemberId]) -> Sample:
        sample = self.sample(ids)
        state: dict[MemberId, parse.Row] = {}
        for backend in dict.fromkeys(member_id.backend for member_id in ids):
            for row in self._servers_state(backend):
                state[MemberId(row.text("be_name"), row.text("srv_name"))] = row
        members = tuple(_with_state(member, state) for member in sample.members)
        return Sample(sample.process, members, sample.others_up, sample.older)

    def sample(self, ids: Sequence[MemberId]) -> Sample:
        for _attempt in range(2):
            if any(member_id not in self._places for member_id in ids):
                self._locate(ids)
            commands = ["show info"]
            for member_id in ids:
                proxy, server = self._places[member_id]
                commands.append(f"show stat {proxy} {_BACKEND_AND_SERVERS} {server}")
            line = ";".join(commands)
            answers = parse.sections(self._transport.exchange(line), len(commands), line)
            members: list[Member] = []
            others_up: dict[str, int] = {}
            for member_id, command, answer in zip(ids, commands[1:], answers[1:]):
                rows = parse.stat(answer, command)
                mine = [row for row in rows if _id(row) == member_id]
                backend = [row for row in rows if _id(row) == MemberId(member_id.backend, "BACKEND")]
                if len(mine) != 1 or len(backend) != 1:
                    break
                member = _member(mine[0])
                members.append(member)
                serving = member.up and member.admin is not Admin.DRAIN and member.weight > 0 and not member.backup
                # Without backup servers: they get requests only when no other server is up.
                others_up[member_id.backend] = max(0, backend[0].number("act") - int(serving))
            else:
                older = self._master.older(ids) if self._master else {}
                info = parse.info(answers[0])
                self._connections = int(info.get("CurrConns") or 0)
                return Sample(info["Pid"], tuple(members), others_up, older)
            # After a reload with another configuration the ids belong to other servers.
            self._places.clear()
        raise LoadBalancerError(f"{self.where} does not find {', '.join(map(str, ids))} in two attempts.")

    def peers(self, member_id: MemberId) -> list[Member]:
        rows = [_member(row) for row in self._show_stat(self._places[member_id][0], _SERVERS, -1)]
        return [member for member in rows if member.id != member_id]

    def list_members(self) -> list[Member]:
        state = {MemberId(row.text("be_name"), row.text("srv_name")): row for row in self._servers_state(None)}
        members = []
        for row in self._show_stat(-1, _SERVERS, -1):
            self._remember(row)
            members.append(_with_state(_member(row), state))
        return members

    def traits(self, ids: Sequence[MemberId]) -> Traits:
        members = [_member(row) for row in self._show_stat(-1, _SERVERS, -1) if _id(row) in ids]
        if len(members) != len(ids):
            raise LoadBalancerError(f"{self.where} no longer has all of {', '.join(map(str, ids))}.")
        backends = {member_id.backend for member_id in ids}
        tables = {name: used for name, used in self._tables().items() if name in backends}
        cookie = any(member.affinity for member in members)
        return Traits(
            affinity=cookie or bool(tables),
            share_percent=self._share(ids, tables) if cookie or tables else None,
            closes_on_down=self._closes(),
            uncounted=self._uncounted(),
        )

    def oldest_s(self, ids: Sequence[MemberId]) -> int | None:
        if self._connections > _MOST_SESSIONS:
            return None
        try:
            text = self._transport.exchange("show sess")
        except LoadBalancerError:
            return None
        return parse.oldest_age_s(text, {(member_id.backend, member_id.member) for member_id in ids})

    def explain_busy(self, ids: Sequence[MemberId]) -> list[str]:
        configuration = self._configuration()
        if configuration is None:
            return [
                "HAProxy's configuration cannot be read here: look in it for use-server, force-persist and option "
                "persist, which send requests to a draining server."
            ]
        found = []
        for member_id in ids:
            rules = local_host.rules_that_ignore_drain(configuration, member_id.backend, member_id.member)
            if rules:
                lines = ", ".join(excerpt(str(rule)) for rule in rules[:_MOST_RULES])
                found.append(f"Requests may go to {member_id} although it drains, because of {lines}.")
        traits = self.traits(ids)
        if traits.affinity:
            found.append("Clients with session affinity (cookie, stick table) continue: a shorter bleed_s moves them.")
        return found

    def explain_out(self, members: Sequence[Member]) -> list[str]:
        out = [member for member in members if member.status.startswith(("MAINT", "DRAIN")) or member.weight == 0]
        configuration = self._configuration()
        file = local_host.state_file_of(configuration) if configuration is not None else self._state_file
        if not out or not file:
            return []
        names = ", ".join(str(member.id) for member in out)
        return [
            f"At a reload HAProxy takes the states of its servers from the server-state-file {file}, also when the "
            f"configuration was changed in between: enable {names} by the runtime API (lb_member)."
        ]

    # Writing

    def set_admin(self, member_id: MemberId, admin: Admin) -> None:
        self._change(f"set server {member_path(member_id)} state {admin.value}")

    def resume_checks(self, member: Member) -> None:
        """Drain lets the checks run again.

        HAProxy takes the server for healthy until a check fails, so it is marked as down as well: only new successes
        bring it up then, also where one failure is enough, and clients with session affinity do not reach it before.
        """
        self.set_admin(member.id, Admin.DRAIN)
        if member.checked and not member.tracks:
            self._change(f"set server {member_path(member.id)} health down")

    def check_weight(self, weight: int) -> None:
        if not 0 <= weight <= _MOST_WEIGHT:
            raise Refused(f"weight is {weight}: 0 to {_MOST_WEIGHT} is expected.")

    def set_weight(self, member_id: MemberId, weight: int) -> None:
        self._change(f"set weight {member_path(member_id)} {int(weight)}")

    def set_agent(self, member_id: MemberId, enabled: bool) -> None:
        self._change(f"{'enable' if enabled else 'disable'} agent {member_path(member_id)}")

    def cut(self, member_id: MemberId) -> None:
        self._change(f"shutdown sessions server {member_path(member_id)}")
        if self._master:
            self._master.cut(member_id)

    def manual_command(self, member_id: MemberId, admin: Admin) -> str:
        where = self._transport.where
        kind = "UNIX-CONNECT" if where.startswith("/") else "TCP"
        return f"echo 'set server {member_path(member_id)} state {admin.value}' | socat stdio {kind}:{where}"

    def save(self) -> None:
        if self._state_file is None:
            return
        command = "show servers state"
        answer = self._transport.exchange(command)
        (text,) = parse.sections(answer, 1, command)
        parse.servers_state(text, command)
        state_file.write(self._state_file, answer)

    def after_restart(self, before: str, after: str) -> None:
        if self._uncounted():
            raise LoadBalancerError(
                f"{self.where} was reloaded or restarted meanwhile (process {before} before, {after} now), and the "
                f"requests that the old process may still hold cannot be counted: give master_socket."
            )

    # Helpers

    def _tables(self) -> dict[str, int]:
        answer = self._transport.exchange("show table")
        if answer == "\n":
            return {}
        if answer.startswith("Permission denied"):
            raise Refused(f"{self.where} does not permit 'show table': the socket's level must be operator or admin.")
        (text,) = parse.sections(answer, 1, "show table")
        return parse.tables(text)

    def _share(self, ids: Sequence[MemberId], tables: dict[str, int]) -> float | None:
        """Of the clients in the stick table those sent to the members; with cookies, the share of all requests."""
        mine = total = 0
        for member_id in ids:
            if 0 < tables.get(member_id.backend, 0) <= _MOST_CLIENTS:
                servers = parse.table_servers(self._transport.exchange(f"show table {member_id.backend}"))
                mine += servers.count(self._places[member_id][1])
                total += len(servers)
            else:
                rows = self._show_stat(self._places[member_id][0], _SERVERS, -1)
                mine += sum(row.number("stot") for row in rows if _id(row) == member_id)
                total += sum(row.number("stot") for row in rows)
        return round(100 * mine / total, 1) if total else None

    def _master_address(self) -> str:
        """Where the master process listens. HAProxy up to 3.0 names it; for later versions its command line is read."""
        named = parse.variable(self._transport.exchange("show env HAPROXY_MASTER_CLI"))
        return named or local_host.master_address(self._pid())

    def _pid(self) -> str:
        return parse.info(parse.sections(self._transport.exchange("show info"), 1, "show info")[0])["Pid"]

    def _configuration(self) -> list[local_host.Directive] | None:
        """HAProxy's configuration. None: it is on another host, or cannot be read."""
        if not self._local:
            return None
        names = parse.variable(self._transport.exchange("show env HAPROXY_CFGFILES")).split(";")
        return local_host.directives(names) if all(name.startswith("/") for name in names) else None

    def _closes(self) -> bool | None:
        """Whether maintenance closes what is in flight. None: not known."""
        if self._closes_on_down is not None:
            return self._closes_on_down
        configuration = self._configuration()
        return None if configuration is None else local_host.closes_on_down(configuration)

    def _uncounted(self) -> str:
        """A sentence where old workers may hold requests and the master process cannot be asked about them."""
        if self._master is not None or self._ignores_old_workers:
            return ""
        old = local_host.siblings(self._pid()) if self._local else None
        if old is not None and not old:
            return ""
        found = (
            f"HAProxy was reloaded, and its old process {', '.join(old)} still runs"
            if old
            else "Whether old processes of HAProxy still run after a reload cannot be seen from here"
        )
        return (
            f"{found}: the requests that it may hold cannot be counted, because HAProxy's master process cannot be "
            f"asked: give master_socket, or old_workers=ignore to go on without counting them."
        )

    def _change(self, command: str) -> None:
        answer = self._transport.exchange(command)
        if answer.startswith("Permission denied"):
            raise Refused(
                f"{self.where} does not permit '{command}': the socket's level is lower than admin; "
                f"put 'level admin' on the line 'stats socket' of its configuration."
            )
        parse.expect_empty_reply(answer, command)

    def _show_stat(self, proxy: int, kinds: int, server: int) -> list[parse.Row]:
        command = f"show stat {proxy} {kinds} {server}"
        (answer,) = parse.sections(self._transport.exchange(command), 1, command)
        return parse.stat(answer, command)

    def _servers_state(self, backend: str | None) -> list[parse.Row]:
        command = "show servers state" + (f" {check_name('backend', backend)}" if backend else "")
        answer = self._transport.exchange(command)
        if answer.startswith("Permission denied"):
            raise Refused(f"{self.where} does not permit '{command}': the socket's level must be operator or admin.")
        (text,) = parse.sections(answer, 1, command)
        return parse.servers_state(text, command)

    def _remember(self, row: parse.Row) -> None:
        self._places[_id(row)] = (row.number("iid"), row.number("sid"))

    def _locate(self, ids: Sequence[MemberId]) -> None:
        for row in self._show_stat(-1, _SERVERS, -1):
            if _id(row) in ids:
                self._remember(row)
        for member_id in ids:
            if member_id not in self._places:
                raise LoadBalancerError(f"{self.where} no longer has {member_id}: has its configuration changed?")


def _id(row: parse.Row) -> MemberId:
    return MemberId(row.text("pxname"), row.text("svname"))


def _admin(status: str, weight: int) -> Admin | None:
    """The administrative state, as far as the status shows it.

    The status of a server that is down hides it, and so does maintenance that HAProxy itself has begun:
    "MAINT (resolution)" and "MAINT (via backend/server)".
    """
    if status == "MAINT":
        return Admin.MAINT
    if status in {"DRAIN", "DRAIN (agent)"}:
        return Admin.DRAIN if weight > 0 else None  # weight 0 has the same status
    if status in {"UP", "no check"}:
        return Admin.READY
    return None


def _fresh(row: parse.Row, status: str) -> bool:
    """Whether all recent health checks have succeeded."""
    rise, fall, health = (row.number_or_none(f"check_{name}") for name in ("rise", "fall", "health"))
    if rise is None or fall is None or health is None:
        return status in {"UP", "DRAIN", "no check"}
    check = row.text("check_status").removeprefix("* ")
    return health == rise + fall - 1 and check in _GOOD_CHECKS and status in {"UP", "DRAIN"}


def _member(row: parse.Row) -> Member:
    status = row.text("status")
    if not status:
        raise BadReply(f"HAProxy's answer to '{row.source}' has no status for {_id(row)}.")
    weight = row.number("uweight") if row.has("uweight") else row.number("weight")
    return Member(
        id=_id(row),
        status=status,
        in_flight=row.number("scur"),
        queued=row.number("qcur"),
        weight=weight,
        admin=_admin(status, weight),
        up=status.startswith(("UP", "no check", "DRAIN")),
        fresh=_fresh(row, status),
        checked=row.number_or_none("check_rise") is not None,
        tracks=row.optional("tracked"),
        mode=row.text("mode"),
        agent=Agent.ON if row.optional("agent_status") else Agent.NONE,
        agent_status=row.optional("agent_status"),
        check_status=row.text("check_status"),
        address=row.optional("addr"),
        backup=row.number("bck") == 1,
        affinity=row.text("cookie") != "",
        limit=row.number_or_none("slim"),
        served=row.number("stot"),
    )


def _with_state(member: Member, state: dict[MemberId, parse.Row]) -> Member:
    row = state.get(member.id)
    if row is None:
        raise LoadBalancerError(f"HAProxy's 'show servers state' does not name {member.id}: was it removed just now?")
    flags = row.number("srv_admin_state")
    admin = Admin.MAINT if flags & _FORCED_MAINT else Admin.DRAIN if flags & _FORCED_DRAIN else Admin.READY
    agent_flags = row.number("srv_agent_state")
    agent = Agent.NONE
    if agent_flags & _CHECK_CONFIGURED:
        agent = Agent.ON if agent_flags & _CHECK_ENABLED else Agent.OFF
    return replace(
        member,
        admin=admin,
        taken_out_by=_taken_out_by(member, flags, agent, row.number("srv_iweight")),
        agent=agent,
        weight=row.number("srv_uweight"),
        initial_weight=row.number("srv_iweight"),
        checked=bool(row.number("srv_check_state") & _CHECK_ENABLED),
    )


def _taken_out_by(member: Member, flags: int, agent: Agent, initial_weight: int) -> TakenOutBy:
    """Why a server gets no new clients. An agent-check that is on may have set the flags that a person can set."""
    forced = TakenOutBy.AGENT if agent is Agent.ON else TakenOutBy.ADMINISTRATOR
    reasons = (
        (flags & _FORCED_MAINT and flags & _CONFIGURED_MAINT, TakenOutBy.CONFIGURATION),
        (flags & _FORCED_MAINT, forced),
        (flags & _FORCED_DRAIN and initial_weight == 0, TakenOutBy.CONFIGURATION),
        (flags & _FORCED_DRAIN, forced),
        (flags & _RESOLUTION_MAINT, TakenOutBy.RESOLUTION),
        (flags & (_INHERITED_MAINT | _INHERITED_DRAIN), TakenOutBy.TRACKING),
        (member.status == "DOWN (agent)", TakenOutBy.AGENT),
        (member.status.startswith(("DOWN", "NOLB")), TakenOutBy.HEALTH_CHECK),
    )
    return next((reason for applies, reason in reasons if applies), TakenOutBy.NONE)
