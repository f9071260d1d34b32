#!/usr/bin/python
# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
# GNU General Public License v3.0+ (see COPYING or https://www.gnu.org/licenses/gpl-3.0.txt)
"""Warm-up and smoke tests of one web server, straight to its own address."""

from __future__ import annotations

DOCUMENTATION = r"""
module: http_probe
short_description: Request a page of a web server until its response is as expected
description:
  - Warms up and smoke-tests a web server directly at its own address, past the load balancer.
  - Sends one request at a time, each on a new connection, and checks the status, headers, body, JSON and latency of the
    response.
  - Succeeds as soon as O(successes) responses in a row passed all checks. Fails when O(timeout_s) is over, and says
    what was requested, what was expected, and what came, with the first lines of the response.
  - Fails at once where another attempt cannot help, such as with a certificate that is not trusted.
  - Proxies of the environment are ignored.
  - Runs where it can reach the web servers, usually on the controller with C(delegate_to=localhost).
version_added: 0.1.0
author: "zero_downtime.dotnet maintainers (@zero-downtime-dotnet)"
extends_documentation_fragment:
  - zero_downtime.dotnet.attributes
requirements:
  - jmespath, where O(json) is given
attributes:
  check_mode:
    support: full
    details: It only reads, so it runs in check mode as well.
  diff_mode:
    support: N/A
    details: It changes nothing.
  idempotent:
    support: N/A
    details: It changes nothing.
  platform:
    platforms: posix
options:
  url:
    description:
      - The URL to request, with the web server's own address, such as V(https://192.0.2.11:443/health).
    type: str
    required: true
  host:
    description:
      - The host name that the site is bound to. It is sent as the Host header and in TLS (SNI), and the certificate
        must be issued for it.
      - By default the host of O(url).
    type: str
  method:
    description: The request method.
    type: str
    choices: [GET, HEAD]
    default: GET
  headers:
    description: Request headers. They are shown in the output; put secrets into O(secret_headers).
    type: dict
    default: {}
  secret_headers:
    description: Request headers that are never shown, such as C(Authorization), not even where a response repeats them.
    type: dict
    default: {}
  validate_certs:
    description: Whether the server's certificate must be trusted and issued for the host name.
    type: bool
    default: true
  ca_path:
    description: A file of CA certificates (PEM) to trust instead of the system's.
    type: path
  follow_redirects:
    description:
      - Whether to follow redirects, at most five, to the same web server at the same address.
      - Otherwise the redirect is the response that is checked.
    type: bool
    default: false
  status:
    description: The expected status codes.
    type: list
    elements: int
    default: [200]
  body:
    description: A regular expression (Python) that must match somewhere in the body.
    type: str
  response_headers:
    description: Regular expressions by header name. Each header must be there, and its value must match.
    type: dict
    default: {}
  json:
    description:
      - JMESPath expressions over the body as JSON, such as V(version == '2.0.0').
      - The result of each must be true and not empty.
    type: list
    elements: str
    default: []
  max_latency_ms:
    description: The most milliseconds that connecting and the whole response may take together.
    type: int
  body_limit_kib:
    description: How much of the body is read. Checks of a longer body fail.
    type: int
    default: 1024
  successes:
    description: How many responses in a row must pass all checks.
    type: int
    default: 1
  interval_ms:
    description: Milliseconds between a response and the next request.
    type: int
    default: 500
  request_timeout_s:
    description: Seconds that one request may take. An application that has just started may need long for its first.
    type: int
    default: 30
  timeout_s:
    description:
      - Seconds until the probe gives up. With V(0) the first response decides.
    type: int
    default: 60
seealso:
  - module: zero_downtime.dotnet.lb_member
    description: Takes the web server out of the load balancer before, and enables it afterwards.
"""

EXAMPLES = r"""
- name: Warm up, until three responses in a row are as expected
  zero_downtime.dotnet.http_probe:
    url: "https://{{ ansible_host }}/health"
    host: shop.example.com
    ca_path: /etc/pki/internal-ca.pem
    successes: 3
    timeout_s: 120
  delegate_to: localhost

- name: Smoke test, with a single request, of version and latency
  zero_downtime.dotnet.http_probe:
    url: "http://{{ ansible_host }}:8080/api/things"
    host: shop.example.com
    response_headers:
      Content-Type: ^application/json
    json:
      - version == '2.0.0'
      - length(things) > `0`
    max_latency_ms: 800
    timeout_s: 0
  delegate_to: localhost

- name: A page that requires a login
  zero_downtime.dotnet.http_probe:
    url: "https://{{ ansible_host }}/admin/status"
    host: shop.example.com
    secret_headers:
      Authorization: "Bearer {{ status_token }}"
    status: [200, 204]
  delegate_to: localhost
"""

RETURN = r"""
attempts:
  description: How many requests were sent.
  returned: always
  type: int
  sample: 7
successes:
  description: How many responses in a row passed all checks at the end.
  returned: always
  type: int
  sample: 3
waited_ms:
  description: Milliseconds from the first request to the result.
  returned: always
  type: int
  sample: 4180
response:
  description: The last response. Empty where there was none.
  returned: always
  type: dict
  contains:
    status:
      description: Its status code.
      type: int
      sample: 200
    reason:
      description: Its reason phrase.
      type: str
      sample: OK
    headers:
      description: Its headers, names in lower case. Cookies are left out.
      type: dict
      sample: {"content-type": "application/json"}
    body_excerpt:
      description: The beginning of its body.
      type: str
      sample: '{"status": "healthy", "version": "2.0.0"}'
    latency_ms:
      description: Milliseconds that connecting and the whole response took.
      type: int
      sample: 12
  sample:
    status: 200
    reason: OK
    headers: {"content-type": "application/json"}
    body_excerpt: "{}"
    latency_ms: 12
checks:
  description: What each check found in the last response.
  returned: always
  type: list
  elements: dict
  contains:
    check:
      description: What was checked.
      type: str
      sample: status
    passed:
      description: Whether it was as expected.
      type: bool
      sample: true
    found:
      description: What was found.
      type: str
      sample: "200"
    expected:
      description: What was expected.
      type: str
      sample: "200"
  sample: [{"check": "status", "passed": true, "found": "200", "expected": "200"}]
"""

import re
import traceback
import typing as t

from ansible.module_utils.basic import AnsibleModule, missing_required_lib
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.checks import (
    SECRET_HEADERS,
    BodyCheck,
    Check,
    HeaderCheck,
    JsonCheck,
    LatencyCheck,
    StatusCheck,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.client import DirectTransport
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.probe import Probe, Report
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._http.transport import (
    InvalidRequest,
    Request,
    Response,
    split_url,
)
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._progress import Progress
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._task import Task
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._text import excerpt, first_lines
from ansible_collections.zero_downtime.dotnet.plugins.module_utils._wait import Deadline

try:
    import jmespath
    import jmespath.exceptions
except ImportError:
    jmespath = None
    JMESPATH_IMPORT_ERROR: str | None = traceback.format_exc()
else:
    JMESPATH_IMPORT_ERROR = None

SECRET_NAMES = re.compile(r"(?i)^(authorization|proxy-authorization|cookie)$|(api-?key|token|secret|password)")


def argument_spec() -> dict[str, t.Any]:
    return {
        "url": {"type": "str", "required": True},
        "host": {"type": "str"},
        "method": {"type": "str", "choices": ["GET", "HEAD"], "default": "GET"},
        "headers": {"type": "dict", "default": {}},
        "secret_headers": {"type": "dict", "default": {}, "no_log": True},
        "validate_certs": {"type": "bool", "default": True},
        "ca_path": {"type": "path"},
        "follow_redirects": {"type": "bool", "default": False},
        "status": {"type": "list", "elements": "int", "default": [200]},
        "body": {"type": "str"},
        "response_headers": {"type": "dict", "default": {}},
        "json": {"type": "list", "elements": "str", "default": []},
        "max_latency_ms": {"type": "int"},
        "body_limit_kib": {"type": "int", "default": 1024},
        "successes": {"type": "int", "default": 1},
        "interval_ms": {"type": "int", "default": 500},
        "request_timeout_s": {"type": "int", "default": 30},
        "timeout_s": {"type": "int", "default": 60},
    }


def check_params(params: dict[str, t.Any]) -> None:
    """What the argument spec cannot say; raises InvalidRequest."""
    for name, least in (
        ("successes", 1),
        ("interval_ms", 10),
        ("request_timeout_s", 1),
        ("timeout_s", 0),
        ("body_limit_kib", 1),
        ("max_latency_ms", 1),
    ):
        if params[name] is not None and params[name] < least:
            raise InvalidRequest(f"{name} is {params[name]}: {least} or more was expected")
    needed_ms = (params["successes"] - 1) * params["interval_ms"]
    if params["successes"] > 1 and needed_ms >= params["timeout_s"] * 1000:
        raise InvalidRequest(
            f"{params['successes']} successes {params['interval_ms']} ms apart take {needed_ms} ms, but timeout_s is "
            f"{params['timeout_s']}: give more time, or ask for fewer"
        )
    if params["method"] == "HEAD" and (params["body"] is not None or params["json"]):
        raise InvalidRequest("checks of the body were found with method HEAD, which has none: use GET")
    if not params["status"]:
        raise InvalidRequest("status is empty: at least one status code was expected")
    for name in params["headers"]:
        if SECRET_NAMES.search(str(name)):
            raise InvalidRequest(f"header {name} was found in headers, which are shown: put it into secret_headers")


def make_request(params: dict[str, t.Any]) -> Request:
    split_url(params["url"])
    return Request(
        url=params["url"],
        method=params["method"],
        host=params["host"],
        headers={str(name): str(value) for name, value in params["headers"].items()},
        secret_headers={str(name): str(value) for name, value in params["secret_headers"].items()},
        timeout_s=params["request_timeout_s"],
        body_limit=params["body_limit_kib"] * 1024,
    )


def make_checks(params: dict[str, t.Any]) -> list[Check]:
    checks: list[Check] = [StatusCheck(params["status"])]
    for name, regex in params["response_headers"].items():
        checks.append(HeaderCheck(pattern(f"response_headers[{name}]", str(regex)), str(name)))
    if params["body"] is not None:
        checks.append(BodyCheck(pattern("body", params["body"])))
    for expression in params["json"]:
        checks.append(JsonCheck(expression, compiled(expression)))
    if params["max_latency_ms"] is not None:
        checks.append(LatencyCheck(params["max_latency_ms"]))
    return checks


def pattern(option: str, regex: str) -> re.Pattern[str]:
    try:
        return re.compile(regex)
    except (re.error, RecursionError, OverflowError, MemoryError) as error:
        raise InvalidRequest(
            f"{option} is {excerpt(regex)!r}: a regular expression was expected, but {error}"
        ) from error


def compiled(expression: str) -> t.Callable[[t.Any], t.Any]:
    try:
        search: t.Callable[[t.Any], t.Any] = jmespath.compile(expression).search
    except (jmespath.exceptions.JMESPathError, ValueError, RecursionError) as error:
        reason = excerpt(str(error).partition("\n")[0])
        raise InvalidRequest(
            f"json is {excerpt(expression)!r}: a JMESPath expression was expected, but {reason}"
        ) from error
    return search


def result_of(report: Report) -> dict[str, t.Any]:
    """The module's result."""
    return {
        "changed": False,
        "attempts": report.attempts,
        "successes": report.successes,
        "waited_ms": report.waited_ms,
        "response": {} if report.response is None else shown(report.response),
        "checks": [
            {"check": one.check, "passed": one.passed, "found": one.found, "expected": one.expected}
            for one in report.outcomes
        ],
    }


def shown(response: Response) -> dict[str, t.Any]:
    """A response in the result, without cookies and without what the request carried in secret headers."""
    headers = {name: value for name, value in response.headers.items() if name not in SECRET_HEADERS}
    return {
        "status": response.status,
        "reason": excerpt(response.shown(response.reason)) if response.reason else "",
        "headers": {name: response.shown(value) for name, value in headers.items()},
        "body_excerpt": excerpt(response.shown(response.text), 500) if response.body else "",
        "latency_ms": response.latency_ms,
    }


def sentence(request: Request, params: dict[str, t.Any], report: Report) -> str:
    """Why a probe failed: what was requested, what was found and expected, and what came."""
    found = report.failure or f"{report.successes} right answers in a row, {params['successes']} expected"
    parts = [found]
    if report.unanswered:
        parts.append("a response with status " + " or ".join(str(status) for status in params["status"]) + " expected")
    elif report.response is not None and report.failure:
        parts.append(described(report.response, any(one.shows_body for one in report.outcomes if not one.passed)))
    tried = "1 attempt" if report.attempts == 1 else f"{report.attempts} attempts"
    parts.append(f"{tried} in {report.waited_ms / 1000:.1f} s")
    return f"{request}: {'; '.join(parts)}"


def described(response: Response, body_is_known: bool) -> str:
    """The response in one part of a sentence, with its first lines unless the sentence has the body already."""
    kind = response.headers.get("content-type", "no content type")
    status = f"{response.status} {response.reason}".strip()
    text = f"the response was {excerpt(response.shown(f'{status} ({kind})'))}"
    if body_is_known:
        return text
    return f"{text}: {first_lines(response.shown(response.text))}" if response.body else f"{text} without a body"


SPECIFICATION: dict[str, t.Any] = {"argument_spec": argument_spec(), "supports_check_mode": True}


def run(module: Task) -> None:
    """Does the work of the task."""
    params = module.params
    if params["json"] and jmespath is None:
        module.fail_json(
            msg=missing_required_lib("jmespath", reason="for the option json"), exception=JMESPATH_IMPORT_ERROR
        )
    interval_s = params["interval_ms"] / 1000
    try:
        check_params(params)
        request = make_request(params)
        probe = Probe(
            DirectTransport(params["validate_certs"], params["ca_path"]),
            request,
            make_checks(params),
            params["successes"],
            params["follow_redirects"],
            Progress(),
        )
        report = probe.run(Deadline(params["timeout_s"], first_sleep_s=interval_s, longest_sleep_s=interval_s))
    except InvalidRequest as error:
        module.fail_json(msg=str(error))
    if not report.passed:
        module.fail_json(msg=sentence(request, params, report), **result_of(report))
    module.exit_json(**result_of(report))


def main() -> None:
    run(AnsibleModule(**SPECIFICATION))


if __name__ == "__main__":
    main()
