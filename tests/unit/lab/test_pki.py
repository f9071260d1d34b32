# SPDX-FileCopyrightText: zero_downtime.dotnet contributors
# SPDX-License-Identifier: GPL-3.0-or-later
"""Certificates of the lab are the kind that a strict client accepts, from the right authority only."""

from __future__ import annotations

import ssl
from pathlib import Path

import pytest
from lab import pki


def _handshake(certificate: pki.ServerCertificate, trusted: Path, name: str) -> None:
    """A TLS handshake in memory."""
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate.cert, certificate.key)
    client = ssl.create_default_context(cafile=str(trusted))
    client.verify_flags |= ssl.VERIFY_X509_STRICT
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    here = client.wrap_bio(to_client, to_server, server_hostname=name)
    there = server.wrap_bio(to_server, to_client, server_side=True)
    for _unused in range(4):
        for side in (here, there):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue


@pytest.mark.parametrize("name", ["127.77.3.11", "web01.shop.test"])
def test_address_and_name_are_accepted(tmp_path: Path, name: str) -> None:
    authority = pki.Authority(tmp_path)
    _handshake(authority.issue("web01", ["web01.shop.test", "127.77.3.11"]), authority.ca, name)


def test_another_name_is_refused(tmp_path: Path) -> None:
    authority = pki.Authority(tmp_path)
    with pytest.raises(ssl.SSLCertVerificationError, match="mismatch"):
        _handshake(authority.issue("web01", ["127.77.3.11"]), authority.ca, "127.77.3.12")


def test_another_authority_is_refused(tmp_path: Path) -> None:
    certificate = pki.Authority(tmp_path / "one").issue("web01", ["web01.shop.test"])
    with pytest.raises(ssl.SSLCertVerificationError):
        _handshake(certificate, pki.Authority(tmp_path / "other").ca, "web01.shop.test")


def test_private_keys_are_private(tmp_path: Path) -> None:
    certificate = pki.Authority(tmp_path).issue("web01", ["web01.shop.test"])
    assert [path.stat().st_mode & 0o777 for path in (certificate.key, certificate.bundle)] == [0o600, 0o600]
