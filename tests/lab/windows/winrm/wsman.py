# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""WS-Management: envelopes in, envelopes out."""

from __future__ import annotations

import asyncio
import base64
import binascii
import re
import uuid
from dataclasses import dataclass
from xml.etree import ElementTree
from xml.sax.saxutils import escape

from ..machine import Machine
from . import faults
from .faults import Fault
from .shells import RunningCommand, Shell, Shells

NS = {
    "s": "http://www.w3.org/2003/05/soap-envelope",
    "a": "http://schemas.xmlsoap.org/ws/2004/08/addressing",
    "w": "http://schemas.dmtf.org/wbem/wsman/1/wsman.xsd",
    "rsp": "http://schemas.microsoft.com/wbem/wsman/1/windows/shell",
    "x": "http://schemas.xmlsoap.org/ws/2004/09/transfer",
    "p": "http://schemas.microsoft.com/wbem/wsman/1/wsman.xsd",
}
_SHELL = NS["rsp"]
_TRANSFER = NS["x"]
_CMD_URI = "http://schemas.microsoft.com/wbem/wsman/1/windows/shell/cmd"
_FAULT_ACTION = "http://schemas.dmtf.org/wbem/wsman/1/wsman/fault"
_FAULT_URI = "http://schemas.microsoft.com/wbem/wsman/1/wsmanfault"
_DECLARED = "".join(f' xmlns:{name}="{uri}"' for name, uri in NS.items())
_MOST_OUTPUT = 48 * 1024
_DEFAULT_TIMEOUT_S = 60.0
_DEFAULT_IDLE_S = 7200.0


@dataclass
class Message:
    """The parts of an envelope that the service reads."""

    action: str
    message_id: str
    resource: str
    shell_id: str
    timeout_s: float
    options: dict[str, str]
    body: ElementTree.Element

    @property
    def operation(self) -> str:
        return self.action.rsplit("/", 1)[-1]


class Service:
    """The WinRM service of one host."""

    def __init__(self, machine: Machine, shells: Shells) -> None:
        self._machine = machine
        self.shells = shells

    async def answer(self, user: str, data: bytes) -> tuple[int, bytes]:
        """The HTTP status and the envelope that answer an envelope."""
        try:
            message = parse(data)
        except (ElementTree.ParseError, ValueError) as error:
            return 500, _fault("", Fault(0x80338000, f"The message cannot be read: {error}", sender=True))
        try:
            action, body = await self._dispatch(user, message)
        except Fault as fault:
            return 500, _fault(message.message_id, fault)
        return 200, _envelope(action, message.message_id, body)

    async def _dispatch(self, user: str, message: Message) -> tuple[str, str]:
        if message.resource != _CMD_URI:
            self._machine.record.refusals.append(f"WS-Management resource {message.resource}")
            raise faults.unsupported(f"the resource {message.resource}")
        if message.action == f"{_TRANSFER}/Create":
            return self._create(user, message)
        shell = self.shells.get(message.shell_id, user)
        if message.action == f"{_TRANSFER}/Delete":
            self.shells.close(shell)
            return f"{_TRANSFER}/DeleteResponse", ""
        if message.action == f"{_SHELL}/Command":
            self.shells.charge(
                shell
            )  # each command stays counted until its shell closes; its Receives and Signals do not
            return self._command(shell, message)
        if message.action == f"{_SHELL}/Send":
            return self._send(shell, message)
        if message.action == f"{_SHELL}/Receive":
            return await self._receive(shell, message)
        if message.action == f"{_SHELL}/Signal":
            return self._signal(shell, message)
        self._machine.record.refusals.append(f"WS-Management action {message.action}")
        raise faults.unsupported(f"the action {message.action}")

    def _create(self, user: str, message: Message) -> tuple[str, str]:
        wanted = message.body.find("rsp:Shell", NS)
        if wanted is None:
            raise Fault(0x80338041, "The Shell element is missing.", "w:SchemaValidationError", sender=True)
        codepage = message.options.get("WINRS_CODEPAGE", "437")
        if codepage not in ("437", "850", "1252", "65001"):
            raise faults.unsupported(f"the code page {codepage}")
        variables = {
            item.get("Name", ""): item.text or "" for item in wanted.findall("rsp:Environment/rsp:Variable", NS)
        }
        idle_s = _duration(wanted.findtext("rsp:IdleTimeOut", "", NS), _DEFAULT_IDLE_S)
        cwd = wanted.findtext("rsp:WorkingDirectory", "", NS)
        shell = self.shells.open(user, int(codepage), cwd, variables, idle_s)
        return f"{_TRANSFER}/CreateResponse", (
            f"<x:ResourceCreated><a:Address>http://{self._machine.name}:5985/wsman</a:Address><a:ReferenceParameters>"
            f"<w:ResourceURI>{_CMD_URI}</w:ResourceURI>"
            f'<w:SelectorSet><w:Selector Name="ShellId">{shell.id}</w:Selector>'
            f"</w:SelectorSet></a:ReferenceParameters></x:ResourceCreated>"
            f"<rsp:Shell><rsp:ShellId>{shell.id}</rsp:ShellId><rsp:ResourceUri>{_CMD_URI}</rsp:ResourceUri>"
            f"<rsp:Owner>{escape(user)}</rsp:Owner><rsp:IdleTimeOut>PT{idle_s:.3f}S</rsp:IdleTimeOut>"
            "<rsp:InputStreams>stdin</rsp:InputStreams><rsp:OutputStreams>stdout stderr</rsp:OutputStreams></rsp:Shell>"
        )

    def _command(self, shell: Shell, message: Message) -> tuple[str, str]:
        line = message.body.find("rsp:CommandLine", NS)
        if line is None:
            raise Fault(0x80338041, "The CommandLine element is missing.", "w:SchemaValidationError", sender=True)
        words = [line.findtext("rsp:Command", "", NS), *((a.text or "") for a in line.findall("rsp:Arguments", NS))]
        command = self.shells.run(
            shell,
            " ".join(word for word in words if word),
            skip_cmd=message.options.get("WINRS_SKIP_CMD_SHELL", "FALSE").upper() == "TRUE",
            console_stdin=message.options.get("WINRS_CONSOLEMODE_STDIN", "FALSE").upper() == "TRUE",
        )
        body = f"<rsp:CommandResponse><rsp:CommandId>{command.id}</rsp:CommandId></rsp:CommandResponse>"
        return f"{_SHELL}/CommandResponse", body

    def _send(self, shell: Shell, message: Message) -> tuple[str, str]:
        for stream in message.body.findall("rsp:Send/rsp:Stream", NS):
            command = _find(shell, stream.get("CommandId"))
            if stream.get("Name") != "stdin":
                raise faults.unsupported(f"the input stream {stream.get('Name')}")
            if command.console_stdin:
                self._machine.record.refusals.append("standard input to a command in console mode")
                raise faults.unsupported("standard input in console mode: set WINRS_CONSOLEMODE_STDIN to FALSE")
            try:
                command.context.stdin.feed(base64.b64decode(stream.text or ""))
            except binascii.Error:
                raise Fault(0x80338041, "The stream is not base64.", "w:SchemaValidationError", sender=True) from None
            if stream.get("End", "").lower() in ("true", "1"):
                command.context.stdin.end()
        return f"{_SHELL}/SendResponse", "<rsp:SendResponse/>"

    async def _receive(self, shell: Shell, message: Message) -> tuple[str, str]:
        wanted = message.body.find("rsp:Receive/rsp:DesiredStream", NS)
        command = _find(shell, wanted.get("CommandId") if wanted is not None else None)
        context = command.context
        loop = asyncio.get_running_loop()
        deadline = loop.time() + message.timeout_s
        while command.exit_code is None and not context.stdout and not context.stderr:
            command.changed.clear()
            try:
                await asyncio.wait_for(command.changed.wait(), max(deadline - loop.time(), 0.001))
            except TimeoutError:
                raise faults.operation_timeout() from None
        shell.last_used = loop.time()
        exit_code = command.exit_code
        out = context.stdout.take(_MOST_OUTPUT)
        err = context.stderr.take(_MOST_OUTPUT - len(out))
        done = exit_code is not None and not context.stdout and not context.stderr
        parts = [_stream(name, command.id, data) for name, data in (("stdout", out), ("stderr", err)) if data]
        state = "Done" if done else "Running"
        if done:
            parts += [f'<rsp:Stream Name="{n}" CommandId="{command.id}" End="TRUE"/>' for n in ("stdout", "stderr")]
        code = f"<rsp:ExitCode>{exit_code}</rsp:ExitCode>" if done else ""
        parts.append(
            f'<rsp:CommandState CommandId="{command.id}" State="{_SHELL}/CommandState/{state}">'
            f"{code}</rsp:CommandState>"
        )
        return f"{_SHELL}/ReceiveResponse", f"<rsp:ReceiveResponse>{''.join(parts)}</rsp:ReceiveResponse>"

    def _signal(self, shell: Shell, message: Message) -> tuple[str, str]:
        signal = message.body.find("rsp:Signal", NS)
        command = _find(shell, signal.get("CommandId") if signal is not None else None)
        command.terminate()
        shell.commands.pop(command.id, None)
        return f"{_SHELL}/SignalResponse", "<rsp:SignalResponse/>"


def parse(data: bytes) -> Message:
    """The message in an envelope; raises ValueError when something needed is missing."""
    root = ElementTree.fromstring(data)
    header, body = root.find("s:Header", NS), root.find("s:Body", NS)
    if header is None or body is None:
        raise ValueError("header or body is missing")
    shell_id = next(
        (i.text or "" for i in header.findall("w:SelectorSet/w:Selector", NS) if i.get("Name") == "ShellId"), ""
    )
    return Message(
        header.findtext("a:Action", "", NS).strip(),
        header.findtext("a:MessageID", "", NS).strip(),
        header.findtext("w:ResourceURI", "", NS).strip(),
        shell_id,
        _duration(header.findtext("w:OperationTimeout", "", NS), _DEFAULT_TIMEOUT_S),
        {item.get("Name", ""): (item.text or "").strip() for item in header.findall("w:OptionSet/w:Option", NS)},
        body,
    )


def _duration(text: str, default: float) -> float:
    match = re.fullmatch(r"P(?:T(?:(\d+)H)?(?:(\d+)M)?(?:([\d.]+)S)?)", text.strip())
    if not match:
        return default
    return int(match[1] or 0) * 3600.0 + int(match[2] or 0) * 60 + float(match[3] or 0)


def _find(shell: Shell, command_id: str | None) -> RunningCommand:
    command = shell.commands.get((command_id or "").upper())
    if command is None:
        raise faults.command_not_found()
    return command


def _stream(name: str, command_id: str, data: bytes) -> str:
    return f'<rsp:Stream Name="{name}" CommandId="{command_id}">{base64.b64encode(data).decode()}</rsp:Stream>'


def _envelope(action: str, relates_to: str, body: str) -> bytes:
    return (
        f'<s:Envelope xml:lang="en-US"{_DECLARED}><s:Header><a:Action>{action}</a:Action>'
        f"<a:MessageID>uuid:{str(uuid.uuid4()).upper()}</a:MessageID>"
        "<a:To>http://schemas.xmlsoap.org/ws/2004/08/addressing/role/anonymous</a:To>"
        f"<a:RelatesTo>{escape(relates_to)}</a:RelatesTo></s:Header><s:Body>{body}</s:Body></s:Envelope>"
    ).encode()


def _fault(relates_to: str, fault: Fault) -> bytes:
    text = escape(fault.text)
    body = (
        f"<s:Fault><s:Code><s:Value>s:{'Sender' if fault.sender else 'Receiver'}</s:Value>"
        f"<s:Subcode><s:Value>{fault.subcode}</s:Value></s:Subcode></s:Code>"
        f'<s:Reason><s:Text xml:lang="en-US">{text}</s:Text></s:Reason><s:Detail>'
        f'<f:WSManFault xmlns:f="{_FAULT_URI}" Code="{fault.code}" Machine="lab">'
        f"<f:Message>{text}</f:Message></f:WSManFault></s:Detail></s:Fault>"
    )
    return _envelope(_FAULT_ACTION, relates_to, body)
