# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""appcmd add and delete: pools, sites, applications and virtual directories."""

from __future__ import annotations

import asyncio

from ...config import PoolConfig, SiteConfig
from ...iis.server import Iis
from ...iis.site import Application, parse_binding
from ...process import Unsimulated
from .change import apply_settings, find_pool, find_site, no_such
from .words import Failure, Words

DEFAULT_POOL = "DefaultAppPool"


def _required(words: Words, name: str) -> str:
    value = words.take(name)
    if not value:
        raise Failure(87, f'ERROR ( message:Must use "{name}" parameter with this command. )')
    return value


def add_pool(iis: Iis, words: Words) -> str:
    config = PoolConfig(_required(words, "name"))
    if words.take("managedRuntimeVersion"):
        raise Unsimulated("appcmd add apppool: a .NET Framework version")
    apply_settings(config, words)
    iis.add_pool(config)
    return f'APPPOOL object "{config.name}" added\r\n'


def delete_pool(iis: Iis, words: Words) -> str:
    named = words.take("apppool.name")
    pool = find_pool(iis, words.identifier if words.identifier is not None else (named or ""))
    words.refuse_rest()
    if any(application.pool is pool for application in iis.applications()):
        raise Unsimulated("appcmd delete apppool: an application uses it")
    asyncio.get_running_loop().create_task(iis.remove_pool(pool))
    return f'APPPOOL object "{pool.name}" deleted\r\n'


def add_site(iis: Iis, words: Words) -> str:
    """The root application of a new site is in DefaultAppPool."""
    name, path = _required(words, "name"), _required(words, "physicalPath")
    bindings = [item for item in (words.take("bindings") or "").split(",") if item]
    words.refuse_rest()
    try:
        for binding in bindings:
            parse_binding(binding)
    except ValueError as error:
        raise Failure(87, f"ERROR ( message:{error} )") from error
    find_pool(iis, DEFAULT_POOL)
    number = max((site.id for site in iis.sites.values()), default=0) + 1
    iis.add_site(SiteConfig(name, number, DEFAULT_POOL, path, bindings))
    return f'SITE object "{name}" added\r\nAPP object "{name}/" added\r\nVDIR object "{name}/" added\r\n'


def add_app(iis: Iis, words: Words) -> str:
    site = find_site(iis, words, "site.name")
    name, path = _required(words, "path").strip("/"), _required(words, "physicalPath")
    words.refuse_rest()
    application = Application(site.name, name, find_pool(iis, DEFAULT_POOL), path)
    site.applications.append(application)
    iis.commit()
    return f'APP object "{application.appcmd_name}" added\r\nVDIR object "{application.vdir_name}" added\r\n'


def add_vdir(iis: Iis, words: Words) -> str:
    owner = _required(words, "app.name")
    directory, path = _required(words, "path").strip("/"), _required(words, "physicalPath")
    words.refuse_rest()
    application = next((a for a in iis.applications() if a.appcmd_name.lower() == owner.lower()), None)
    if application is None:
        raise no_such("APP", owner)
    iis.set_path(application, path, f"/{directory}")
    return f'VDIR object "{application.vdir_name.rstrip("/")}/{directory}" added\r\n'


def delete_site(iis: Iis, words: Words) -> str:
    site = find_site(iis, words, "site.name")
    words.refuse_rest()
    iis.remove_site(site)
    return f'SITE object "{site.name}" deleted\r\n'
