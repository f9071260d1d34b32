# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""appcmd.exe: errors go to standard output, and the exit code is the low word of the HRESULT."""

from __future__ import annotations

from collections.abc import Callable

from ...iis.errors import IisError
from ...iis.server import Iis
from ...process import Context, Unsimulated
from . import change, objects, rows
from .words import Failure, Words, parse

_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\r\n<appcmd>\r\n'
_IDENTIFIER = {"REQUEST": "REQUEST.NAME", "WP": "WP.NAME", "MODULE": "MODULE.NAME", "APP": "APP.NAME"}
_NOT_SUPPORTED = 50
_CHANGES: dict[tuple[str, str], Callable[[Iis, Words], str]] = {
    ("set", "VDIR"): change.set_vdir,
    ("set", "APP"): change.set_app,
    ("set", "SITE"): change.set_site,
    ("set", "CONFIG"): change.set_config,
    ("set", "APPPOOL"): change.set_pool,
    ("add", "APPPOOL"): objects.add_pool,
    ("add", "SITE"): objects.add_site,
    ("add", "APP"): objects.add_app,
    ("add", "VDIR"): objects.add_vdir,
    ("delete", "SITE"): objects.delete_site,
    ("delete", "APPPOOL"): objects.delete_pool,
}
_GERMAN = {
    "The service has not been started.": "Der Dienst wurde nicht gestartet.",
    "An instance of the service is already running.": "Es wird bereits eine Instanz des Dienstes ausgeführt.",
    "The service cannot accept control messages at this time.": (
        "Der Dienst kann zurzeit keine Steuermeldungen annehmen."
    ),
    "Command execution failed.": "Fehler bei der Befehlsausführung.",
}


def run(context: Context) -> int:
    machine = context.machine
    line = " ".join(context.arguments)
    for failure in machine.appcmd_failures:
        if failure.times > 0 and failure.match.lower() in line.lower():
            failure.times -= 1
            context.out(_hresult(context, failure.code, "The operation failed for a moment."))
            return failure.code
    try:
        words = parse(context.arguments)
        code, text = machine.in_loop(lambda: _execute(machine.iis, words))
    except Failure as failure_:
        context.out(failure_.text + "\r\n")
        return failure_.code
    except IisError as error:
        context.out(_hresult(context, error.code, error.text))
        return error.code
    context.out(text)
    return code


def _hresult(context: Context, code: int, text: str) -> str:
    words = [f"hresult:8007{code & 0xFFFF:04x}", "Command execution failed.", text]
    if context.machine.config.language == "de":
        words = [_GERMAN.get(word, word) for word in words]
        return f"FEHLER ( {words[0]}, Meldung:{words[1]}\r\n{words[2]}\r\n )\r\n"
    return f"ERROR ( {words[0]}, message:{words[1]}\r\n{words[2]}\r\n )\r\n"


def _execute(iis: Iis, words: Words) -> tuple[int, str]:
    if words.verb == "list":
        return _list(iis, words)
    if words.verb in ("start", "stop", "recycle"):
        return 0, _control(iis, words)
    command = _CHANGES.get((words.verb, words.kind))
    if command is not None:
        return 0, command(iis, words)
    raise Unsimulated(f"appcmd {words.verb} {words.kind}")


def _control(iis: Iis, words: Words) -> str:
    if words.kind == "APPPOOL":
        named = words.take("apppool.name")
        name = words.identifier if words.identifier is not None else (named or "")
        words.refuse_rest()
        pool = change.find_pool(iis, name)
        {"start": pool.start, "stop": pool.stop, "recycle": pool.recycle}[words.verb]()
        shown = pool.name
    elif words.kind == "SITE" and words.verb != "recycle":
        site = change.find_site(iis, words, "site.name")
        words.refuse_rest()
        (iis.start_site if words.verb == "start" else iis.stop_site)(site)
        shown = site.name
    else:
        raise Unsimulated(f"appcmd {words.verb} {words.kind}")
    said = {"start": "started.", "stop": "stopped", "recycle": "recycled"}[words.verb]
    return f'"{shown}" successfully {said}\r\n'


def _list(iis: Iis, words: Words) -> tuple[int, str]:
    found = _rows(iis, words.kind)
    xml = words.take("xml") is not None
    config = words.take("config")
    text = words.take("text")
    if config not in (None, "", "*"):
        raise Unsimulated(f"appcmd list: /config:{config}")
    if words.identifier is not None:
        key = _IDENTIFIER.get(words.kind, f"{words.kind}.NAME")
        found = [row for row in found if (row.find(key) or "").lower() == words.identifier.lower()]
    for name, value in words.rest():
        found = _filter(words, found, name, value)
    if xml:
        body = "".join(row.xml(words.kind, config is not None) for row in found)
        output = f"{_HEAD}{body}</appcmd>\r\n"
    elif text is not None:
        if text in ("", "*"):
            raise Unsimulated("appcmd list: /text:*")
        output = "".join((row.find(text) or "") + "\r\n" for row in found)
    else:
        output = "".join(row.text + "\r\n" for row in found)
    return (0 if found else 1), output


def _rows(iis: Iis, kind: str) -> list[rows.Row]:
    if kind == "REQUEST" and not iis.can_list_requests:
        raise IisError(_NOT_SUPPORTED, "The request is not supported.")
    listers = {
        "APPPOOL": rows.pools,
        "WP": rows.workers,
        "REQUEST": rows.requests,
        "SITE": rows.sites,
        "APP": rows.apps,
        "VDIR": rows.vdirs,
        "MODULE": rows.modules,
    }
    if kind not in listers:
        raise Unsimulated(f"appcmd list {kind}")
    return listers[kind](iis)


def _filter(words: Words, found: list[rows.Row], name: str, value: str | None) -> list[rows.Row]:
    if value is None:
        raise Unsimulated(f"appcmd list {words.kind}: option /{name}")
    if words.kind == "REQUEST" and name.lower() in ("elapsed", "time"):
        return [row for row in found if int(row.attributes["Time"]) >= int(value)]
    known = {n.lower() for row in found for n in (*row.attributes, *row.settings, *row.hidden)}
    if found and name.lower() not in known:
        raise Unsimulated(f"appcmd list {words.kind}: filter /{name}")
    return [row for row in found if (row.find(name) or "").lower() == value.lower()]
