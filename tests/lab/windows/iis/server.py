# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""IIS on one host: its pools and sites, what belongs to a request that arrives, and changes to the configuration."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from pathlib import Path

from ..config import ApplicationConfig, Config, PoolConfig, SiteConfig, VirtualDirectoryConfig
from ..drive import Drive, Refused
from .errors import HttpError, IisError, duplicate
from .pool import STARTED, STOPPED, Pool
from .request import Request
from .site import Application, Binding, Site, parse_binding
from .store import Store
from .worker import Worker

_IDLE_SWEEP_S = 5.0


class Iis:
    """Lives on the event loop's thread; `on_bindings` is called when other ports may have to be listened on."""

    def __init__(self, config: Config, drive: Drive) -> None:
        self._config = config
        self._drive = drive
        self.counters: dict[str, int] = {}
        self._store = Store(drive.local("C:\\Windows\\System32\\inetsrv\\config\\applicationHost.json"))
        self._store.load_into(config)
        self.pools = {pool.name: Pool(pool, self._new_worker, self.count) for pool in config.pools}
        self.sites = {site.name: self._site(site) for site in config.sites}
        self._directories: dict[str, Path] = {}
        self.on_bindings: Callable[[], None] = lambda: None
        self._sweeper: asyncio.Task[None] | None = None

    def _site(self, site: SiteConfig) -> Site:
        root = ApplicationConfig("", site.pool, site.path, site.virtual_directories)
        applications = [
            Application(site.name, a.name, self.pools[a.pool], a.path, {v.name: v.path for v in a.virtual_directories})
            for a in (root, *site.applications)
        ]
        return Site(site.name, site.id, [parse_binding(b) for b in site.bindings], applications, site.state)

    def count(self, name: str) -> None:
        self.counters[name] = self.counters.get(name, 0) + 1

    @property
    def can_list_requests(self) -> bool:
        return self._config.role_services.request_monitor

    async def open(self) -> None:
        for pool in self.pools.values():
            if pool.config.auto_start and pool.config.state == STARTED:
                pool.start()
        self._sweeper = asyncio.get_running_loop().create_task(self._sweep())

    async def close(self) -> None:
        if self._sweeper:
            self._sweeper.cancel()
        for pool in self.pools.values():
            await pool.close()

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(_IDLE_SWEEP_S)
            for pool in self.pools.values():
                pool.retire_idle()

    # workers

    def _new_worker(self, pool: Pool) -> Worker | None:
        application = next((a for a in self.applications() if a.pool is pool), None)
        if application is None:
            return None
        try:
            directory = self._directory(application)
        except Refused:
            directory = self._drive.root / "there-is-no-such-path"
        worker = Worker(
            self._drive,
            self._config.address,
            self._config.name.upper(),
            directory,
            application.path,
            application.url_path,
            self._config.log,
            pool.worker_exited,
            self._config.files_held_after_exit_s,
        )
        worker.start()
        self.count("workers_started")
        return worker

    def applications(self) -> list[Application]:
        return [application for site in self.sites.values() for application in site.applications]

    # requests

    def ports(self) -> set[tuple[str, int, bool]]:
        """Address, port and whether TLS is spoken there, of every started site's bindings."""
        found = set()
        for site in self.sites.values():
            if site.state == STARTED:
                for binding in site.bindings:
                    address = self._config.address if binding.address == "*" else binding.address
                    found.add((address, binding.port, binding.protocol == "https"))
        return found

    def route(self, port: int, tls: bool, host: str) -> Site:
        """The started site for this port and host name: the exact name first, then a binding for every name."""
        fallback = None
        protocol = "https" if tls else "http"
        for site in self.sites.values():
            if site.state != STARTED:
                continue
            for binding in site.bindings:
                if binding.port != port or binding.protocol != protocol:
                    continue
                if binding.host == host:
                    return site
                if not binding.host:
                    fallback = site
        if fallback is None:
            raise HttpError(404, "Not Found", close=False)
        return fallback

    def offline_page(self, application: Application) -> bytes | None:
        """The content of the app_offline.htm that the application has, if it has one; it ends the application."""
        try:
            page = self._directory(application) / "app_offline.htm"
            content = page.read_bytes() if page.is_file() else None
        except (OSError, Refused):
            return None
        if content is not None and application.pool.state == STARTED:
            application.pool.take_offline()
        return content

    def _directory(self, application: Application) -> Path:
        known = self._directories.get(application.path)
        if known is None or not known.is_dir():
            known = self._directories[application.path] = self._drive.local(_expand(application.path))
        return known

    def requests(self) -> list[Request]:
        return [request for pool in self.pools.values() for request in pool.requests()]

    # changes

    def save(self) -> None:
        """Save the configuration. It survives a restart of the host; states of pools do not: autoStart decides them."""
        self._store.save(
            [pool.config for pool in self.pools.values()], [_site_config(site) for site in self.sites.values()]
        )

    def commit(self, restarted: Application | None = None) -> None:
        """Write applicationHost.config.

        The ASP.NET Core Module restarts every application on the server with each write, except where its web.config
        has disallowRotationOnConfigChange. `restarted` is restarted anyway, because its path changed.
        """
        self.save()
        self.count("configuration_writes")
        for application in self.applications():
            worker = application.pool.worker
            rotates = worker is not None and worker.settings is not None and worker.settings.rotates
            if application is restarted or rotates:
                self.count("applications_restarted")
                application.pool.restart_application()

    def set_path(self, application: Application, path: str, directory: str = "/") -> None:
        """Set the physical path of an application's root, or of another virtual directory."""
        if directory != "/":
            application.virtual_directories[directory.strip("/")] = path
            self.commit()
            return
        changed = application.path.lower() != path.lower()
        application.path = path
        self.commit(application if changed else None)

    def add_pool(self, config: PoolConfig) -> None:
        if config.name.lower() in (name.lower() for name in self.pools):
            raise duplicate()
        pool = self.pools[config.name] = Pool(config, self._new_worker, self.count)
        self.commit()
        if config.auto_start:
            pool.start()

    async def remove_pool(self, pool: Pool) -> None:
        del self.pools[pool.name]
        await pool.close()
        self.commit()

    def add_site(self, config: SiteConfig) -> None:
        if config.name.lower() in (name.lower() for name in self.sites):
            raise duplicate()
        site = self.sites[config.name] = self._site(config)
        if self._rivals(site):
            site.state = STOPPED
        self.commit()
        self.on_bindings()

    def remove_site(self, site: Site) -> None:
        del self.sites[site.name]
        self.commit()
        self.on_bindings()
        for application in site.applications:
            application.pool.take_offline()

    def set_pool(self, application: Application, pool: Pool) -> None:
        application.pool.take_offline()
        application.pool = pool
        self.commit()

    def start_site(self, site: Site) -> None:
        if site.state == STARTED:
            raise IisError(1056, "An instance of the service is already running.")
        if self._rivals(site):
            raise duplicate()
        site.state = STARTED
        self.save()
        self.on_bindings()

    def stop_site(self, site: Site) -> None:
        if site.state == STOPPED:
            raise IisError(1062, "The service has not been started.")
        site.state = STOPPED
        self.save()
        self.on_bindings()

    def set_bindings(self, changes: dict[str, list[Binding]]) -> None:
        """One commit: the bindings of several sites change at once. A started site whose binding another has stops."""
        for name, bindings in changes.items():
            self.sites[name].bindings = bindings
        for name in changes:
            site = self.sites[name]
            if site.state == STARTED and self._rivals(site):
                site.state = STOPPED
        self.commit()
        self.on_bindings()

    def _rivals(self, site: Site) -> bool:
        mine = {str(binding) for binding in site.bindings}
        return any(
            other is not site and other.state == STARTED and mine & {str(binding) for binding in other.bindings}
            for other in self.sites.values()
        )


def _site_config(site: Site) -> SiteConfig:
    root, *below = (
        ApplicationConfig(
            a.name,
            a.pool.name,
            a.path,
            [VirtualDirectoryConfig(name, path) for name, path in a.virtual_directories.items()],
        )
        for a in site.applications
    )
    bindings = [str(binding) for binding in site.bindings]
    return SiteConfig(site.name, site.id, root.pool, root.path, bindings, site.state, below, root.virtual_directories)


def _expand(path: str) -> str:
    low = path.lower()
    return "C:" + path[len("%systemdrive%") :] if low.startswith("%systemdrive%") else path
