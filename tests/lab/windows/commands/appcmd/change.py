# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""appcmd set: paths, bindings, settings of pools, and several edits of sites in one commit."""

from __future__ import annotations

import re
from collections.abc import Callable

from ...config import PoolConfig
from ...iis.pool import Pool
from ...iis.server import Iis
from ...iis.site import Binding, Site, parse_binding
from ...process import Unsimulated
from .words import Failure, Words

_BINDING_EDIT = re.compile(r"([+-])bindings\.\[(.*)\]", re.IGNORECASE)
_SITES_EDIT = re.compile(r"([+-])\[name='([^']*)'\]\.bindings\.\[(.*)\]", re.IGNORECASE)
_ATTRIBUTE = re.compile(r"\s*(\w+)\s*=\s*'([^']*)'\s*")
_SPAN = re.compile(r"(?:(\d+)\.)?(\d\d?):(\d\d):(\d\d)")
_SITES_SECTION = "system.applicationhost/sites"


def no_such(kind: str, identifier: str) -> Failure:
    return Failure(1168, f'ERROR ( message:Cannot find {kind} object with identifier "{identifier}". )')


def _name(words: Words, key: str) -> str:
    named = words.take(key)
    name = words.identifier if words.identifier is not None else named
    if not name:
        raise Failure(87, "ERROR ( message:Must specify the identifier of the object. )")
    return name


def find_site(iis: Iis, words: Words, key: str) -> Site:
    """The site that the identifier (name or number) or the option names."""
    name = _name(words, key)
    for site in iis.sites.values():
        if site.name.lower() == name.lower() or (str(site.id) == name and words.identifier is not None):
            return site
    raise no_such("SITE", name)


def set_vdir(iis: Iis, words: Words) -> str:
    name = _name(words, "vdir.name")
    path = words.take("physicalPath")
    words.refuse_rest()
    for application in iis.applications():
        for known, (directory, _path) in application.directories().items():
            if known.lower() == name.lower():
                if not path:
                    raise Failure(87, "ERROR ( message:No value was specified for the property to be set. )")
                iis.set_path(application, path, directory)
                return f'VDIR object "{known}" changed\r\n'
    raise no_such("VDIR", name)


def set_app(iis: Iis, words: Words) -> str:
    name = _name(words, "app.name")
    path = words.take("[path='/'].physicalPath")
    pool_name = words.take("applicationPool")
    words.refuse_rest()
    application = next((a for a in iis.applications() if a.appcmd_name.lower() == name.lower()), None)
    if application is None:
        raise no_such("APP", name)
    if not path and not pool_name:
        raise Unsimulated("appcmd set app without /[path='/'].physicalPath and /applicationPool")
    if path:
        iis.set_path(application, path)
    if pool_name:
        iis.set_pool(application, find_pool(iis, pool_name))
    return f'APP object "{application.appcmd_name}" changed\r\n'


def set_site(iis: Iis, words: Words) -> str:
    site = find_site(iis, words, "site.name")
    path = words.take("[path='/'].[path='/'].physicalPath")
    bindings = list(site.bindings)
    for name, value in words.rest():
        edit = _BINDING_EDIT.fullmatch(name)
        if edit and value is None:
            _edit(bindings, edit[1], _binding(edit[2]))
        elif name.lower() == "bindings" and value:
            try:
                bindings = [parse_binding(item) for item in value.split(",")]
            except ValueError as error:
                raise Failure(87, f"ERROR ( message:{error} )") from error
        else:
            raise Unsimulated(f"appcmd set site: option /{name}")
    if bindings != site.bindings:
        iis.set_bindings({site.name: bindings})
    if path:
        iis.set_path(site.root, path)
    return f'SITE object "{site.name}" changed\r\n'


def set_config(iis: Iis, words: Words) -> str:
    """Edits of several sites' bindings: all of them, or none."""
    section = words.take("section") or ""
    if section.lower() != _SITES_SECTION:
        raise Unsimulated(f"appcmd set config: section {section!r}")
    commit = words.take("commit")
    if commit is not None and commit.lower() != "apphost":
        raise Unsimulated(f"appcmd set config: /commit:{commit}")
    changes: dict[str, list[Binding]] = {}
    by_name = {site.name.lower(): site for site in iis.sites.values()}
    for name, value in words.rest():
        edit = _SITES_EDIT.fullmatch(name)
        if not edit or value is not None:
            raise Unsimulated(f"appcmd set config: option /{name}")
        site = by_name.get(edit[2].lower())
        if site is None:
            raise Failure(4312, "ERROR ( message:Cannot find requested collection element. )")
        _edit(changes.setdefault(site.name, list(site.bindings)), edit[1], _binding(edit[3]))
    if not changes:
        raise Failure(87, "ERROR ( message:Nothing to change. )")
    iis.set_bindings(changes)
    return (
        'Applied configuration changes to section "system.applicationHost/sites" for "MACHINE/WEBROOT/APPHOST" '
        'at configuration commit path "MACHINE/WEBROOT/APPHOST"\r\n'
    )


def _binding(text: str) -> Binding:
    parts = {}
    position = 0
    while position < len(text):
        match = _ATTRIBUTE.match(text, position)
        if not match:
            raise Failure(
                87, f"ERROR ( message:Malformed collection indexer; format is [name='value'], got [{text}]. )"
            )
        parts[match[1].lower()] = match[2]
        position = match.end()
        if position < len(text):
            if text[position] != ",":
                raise Failure(87, f"ERROR ( message:Malformed collection indexer [{text}]. )")
            position += 1
    unknown = set(parts) - {"protocol", "bindinginformation", "sslflags"}
    if unknown:
        raise Unsimulated(f"appcmd bindings: attribute {sorted(unknown)[0]}")
    try:
        return parse_binding(f"{parts.get('protocol', '')}/{parts.get('bindinginformation', '')}")
    except ValueError as error:
        raise Failure(87, f"ERROR ( message:{error} )") from error


def _edit(bindings: list[Binding], sign: str, binding: Binding) -> None:
    if sign == "+":
        if binding in bindings:
            raise Failure(
                183,
                "ERROR ( message:New binding object missing required attributes. "
                "Cannot add duplicate collection entry of type 'binding'. )",
            )
        bindings.append(binding)
    elif binding in bindings:
        bindings.remove(binding)
    else:
        raise Failure(4312, "ERROR ( message:Cannot find requested collection element. )")


def _truth(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _seconds(text: str) -> float:
    match = _SPAN.fullmatch(text)
    if not match:
        raise ValueError(text)
    return int(match[1] or 0) * 86400.0 + int(match[2]) * 3600 + int(match[3]) * 60 + int(match[4])


def _start_mode(text: str) -> str:
    return {"ondemand": "OnDemand", "alwaysrunning": "AlwaysRunning"}[text.lower()]


_SETTINGS: dict[str, tuple[str, Callable[[str], object]]] = {
    "autostart": ("auto_start", _truth),
    "startmode": ("start_mode", _start_mode),
    "queuelength": ("queue_length", int),
    "processmodel.idletimeout": ("idle_timeout_s", _seconds),
    "processmodel.shutdowntimelimit": ("shutdown_time_limit_s", _seconds),
    "recycling.disallowoverlappingrotation": ("disallow_overlapping_rotation", _truth),
    "failure.rapidfailprotection": ("rapid_fail_protection", _truth),
    "failure.rapidfailprotectionmaxcrashes": ("rapid_fail_max_crashes", int),
    "failure.rapidfailprotectioninterval": ("rapid_fail_interval_s", _seconds),
}


def set_pool(iis: Iis, words: Words) -> str:
    """Changing a setting of a started pool recycles it, as on Windows."""
    named = words.take("apppool.name")
    pool = find_pool(iis, words.identifier if words.identifier is not None else (named or ""))
    apply_settings(pool.config, words)
    iis.commit()
    if pool.state == "Started":
        pool.recycle()
    return f'APPPOOL object "{pool.name}" changed\r\n'


def find_pool(iis: Iis, name: str) -> Pool:
    """The pool of that name."""
    pool = next((pool for pool in iis.pools.values() if pool.name.lower() == name.lower()), None)
    if pool is None:
        raise no_such("APPPOOL", name)
    return pool


def apply_settings(config: PoolConfig, words: Words) -> None:
    """Set what the options say."""
    changes: dict[str, object] = {}
    for option, value in words.rest():
        known = _SETTINGS.get(option.lower())
        if known is None or value is None:
            raise Unsimulated(f"appcmd {words.verb} apppool: option /{option}")
        try:
            changes[known[0]] = known[1](value)
        except (ValueError, KeyError):
            raise Failure(87, f'ERROR ( message:The value "{value}" of {option} is not valid. )') from None
    for name, setting in changes.items():
        setattr(config, name, setting)
