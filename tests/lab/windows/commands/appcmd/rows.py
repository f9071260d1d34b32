# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""What appcmd list shows of each kind of object."""

from __future__ import annotations

from dataclasses import dataclass, field
from xml.sax.saxutils import escape, quoteattr

from ...config import PoolConfig
from ...iis.server import Iis
from ...iis.site import Application

_MODULES = ("HttpLoggingModule", "StaticFileModule", "AnonymousAuthenticationModule", "AspNetCoreModuleV2")


@dataclass
class Row:
    """One object: its XML attributes, its line of text, its configuration, and further names that a filter may use."""

    attributes: dict[str, str]
    text: str
    config: str = ""
    settings: dict[str, str] = field(default_factory=dict)
    hidden: dict[str, str] = field(default_factory=dict)

    def xml(self, tag: str, with_config: bool) -> str:
        attributes = " ".join(f"{name}={quoteattr(value)}" for name, value in self.attributes.items())
        if with_config and self.config:
            return f"    <{tag} {attributes}>\r\n      {self.config}\r\n    </{tag}>\r\n"
        return f"    <{tag} {attributes} />\r\n"

    def find(self, name: str) -> str | None:
        """The value of an attribute or setting by its name without regard to case."""
        wanted = name.lower()
        for source in (self.attributes, self.settings, self.hidden):
            for known, value in source.items():
                if known.lower() == wanted:
                    return value
        return None


def span(seconds: float) -> str:
    """hh:mm:ss, with days in front when there are any."""
    whole = int(seconds)
    days, rest = divmod(whole, 86400)
    clock = f"{rest // 3600:02d}:{rest // 60 % 60:02d}:{rest % 60:02d}"
    return f"{days}.{clock}" if days else clock


def pool_settings(config: PoolConfig) -> dict[str, str]:
    """The settings of a pool that the lab knows, by the names that appcmd gives them."""

    def truth(value: bool) -> str:
        return "true" if value else "false"

    return {
        "name": config.name,
        "queueLength": str(config.queue_length),
        "autoStart": truth(config.auto_start),
        "startMode": config.start_mode,
        "managedRuntimeVersion": "",
        "managedPipelineMode": "Integrated",
        "processModel.idleTimeout": span(config.idle_timeout_s),
        "processModel.maxProcesses": "1",
        "processModel.shutdownTimeLimit": span(config.shutdown_time_limit_s),
        "processModel.startupTimeLimit": "00:01:30",
        "recycling.disallowOverlappingRotation": truth(config.disallow_overlapping_rotation),
        "recycling.disallowRotationOnConfigChange": "false",
        "failure.rapidFailProtection": truth(config.rapid_fail_protection),
        "failure.rapidFailProtectionInterval": span(config.rapid_fail_interval_s),
        "failure.rapidFailProtectionMaxCrashes": str(config.rapid_fail_max_crashes),
    }


def _pool_config(settings: dict[str, str]) -> str:
    parts: dict[str, list[str]] = {"": [], "processModel": [], "recycling": [], "failure": []}
    for name, value in settings.items():
        part, _unused, short = name.rpartition(".")
        parts[part].append(f"{short}={quoteattr(value)}")
    inner = "".join(f"<{tag} {' '.join(items)} />" for tag, items in parts.items() if tag)
    return f"<add {' '.join(parts[''])}>{inner}<environmentVariables /></add>"


def pools(iis: Iis) -> list[Row]:
    rows = []
    for pool in iis.pools.values():
        settings = pool_settings(pool.config)
        rows.append(
            Row(
                {"APPPOOL.NAME": pool.name, "PipelineMode": "Integrated", "RuntimeVersion": "", "state": pool.state},
                f'APPPOOL "{pool.name}" (MgdVersion:,MgdMode:Integrated,state:{pool.state})',
                _pool_config(settings),
                settings,
            )
        )
    return rows


def workers(iis: Iis) -> list[Row]:
    return [
        Row({"WP.NAME": str(worker.pid), "APPPOOL.NAME": pool.name}, f'WP "{worker.pid}" (applicationPool:{pool.name})')
        for pool in iis.pools.values()
        for worker in pool.workers()
    ]


def requests(iis: Iis) -> list[Row]:
    rows = []
    names = {site.id: site.name for site in iis.sites.values()}
    for request in iis.requests():
        time_ms = request.running_ms
        rows.append(
            Row(
                {
                    "REQUEST.NAME": request.name,
                    "Url": request.url,
                    "Verb": request.verb,
                    "ClientIp": request.client,
                    "Stage": "ExecuteRequestHandler",
                    "ModuleName": "AspNetCoreModuleV2",
                    "Time": str(time_ms),
                    "SITE.ID": str(request.site_id),
                    "APPPOOL.NAME": request.pool,
                    "WP.NAME": str(request.pid),
                },
                f'REQUEST "{request.name}" (url:{request.verb} {request.url}, time:{time_ms} msec, '
                f"client:{request.client}, stage:ExecuteRequestHandler, module:AspNetCoreModuleV2)",
                hidden={"SITE.NAME": names.get(request.site_id, "")},
            )
        )
    return rows


def sites(iis: Iis) -> list[Row]:
    rows = []
    for site in iis.sites.values():
        bindings = ",".join(str(binding) for binding in site.bindings)
        inner = "".join(
            f"<binding protocol={quoteattr(b.protocol)} bindingInformation={quoteattr(b.information)} />"
            for b in site.bindings
        )
        rows.append(
            Row(
                {"SITE.NAME": site.name, "SITE.ID": str(site.id), "bindings": bindings, "state": site.state},
                f'SITE "{site.name}" (id:{site.id},bindings:{bindings},state:{site.state})',
                f'<site name={quoteattr(site.name)} id="{site.id}" serverAutoStart="true"><bindings>{inner}</bindings>'
                + "".join(_application_xml(application) for application in site.applications)
                + "</site>",
                {"name": site.name, "id": str(site.id), "serverAutoStart": "true"},
            )
        )
    return rows


def _application_xml(application: Application) -> str:
    inner = "".join(
        f"<virtualDirectory path={quoteattr(directory)} physicalPath={quoteattr(path)} />"
        for directory, path in application.directories().values()
    )
    return (
        f"<application path={quoteattr(application.url_path)} applicationPool={quoteattr(application.pool.name)}>"
        f"{inner}</application>"
    )


def apps(iis: Iis) -> list[Row]:
    return [
        Row(
            {
                "path": application.url_path,
                "APP.NAME": application.appcmd_name,
                "APPPOOL.NAME": application.pool.name,
                "SITE.NAME": application.site_name,
            },
            f'APP "{application.appcmd_name}" (applicationPool:{application.pool.name})',
            _application_xml(application),
            {"applicationPool": application.pool.name},
        )
        for application in iis.applications()
    ]


def vdirs(iis: Iis) -> list[Row]:
    return [
        Row(
            {
                "physicalPath": path,
                "path": directory,
                "VDIR.NAME": name,
                "APP.NAME": application.appcmd_name,
            },
            f'VDIR "{name}" (physicalPath:{path})',
            f'<virtualDirectory path={quoteattr(directory)} physicalPath={quoteattr(path)} userName="" />',
            hidden={"SITE.NAME": application.site_name},
        )
        for application in iis.applications()
        for name, (directory, path) in application.directories().items()
    ]


def modules(iis: Iis) -> list[Row]:
    names = [*_MODULES, *(["RequestMonitorModule"] if iis.can_list_requests else [])]
    return [
        Row({"MODULE.NAME": name, "type": "", "preCondition": ""}, f'MODULE "{escape(name)}" ( native, preCondition: )')
        for name in names
    ]
