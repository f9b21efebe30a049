"""Connections that lead out: to public addresses, and to private ones that were allowed.

A name is looked up once, the address is checked, and that very address is connected to, so that a name
whose address changes in between leads nowhere else.
"""

from __future__ import annotations

import ipaddress
import smtplib
import socket
from collections.abc import Iterable, Sequence
from typing import Any

import httpcore

from jupyter_mlws.entities.errors import Denied

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


class Gate:
    """Decides which addresses may be reached.

    Args:
        allowed: private networks that may, such as `10.0.0.0/8`.
    Raises:
        ValueError: one is no network.
    """

    def __init__(self, allowed: Iterable[str] = ()) -> None:
        self._allowed: Sequence[Network] = [ipaddress.ip_network(text) for text in allowed]

    def address(self, host: str, port: int) -> str:
        """The address of `host` that may be connected to.

        Raises:
            Denied: it has none, or only private ones that are not allowed.
        """
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise Denied(f"'{host}' cannot be looked up: {error}.") from None
        addresses = [str(entry[4][0]).partition("%")[0] for entry in found]
        for text in addresses:
            if self._may(ipaddress.ip_address(text)):
                return text
        raise Denied(
            f"'{host}' is at {', '.join(dict.fromkeys(addresses))}: not a public address. Allow it"
            " with WorkspaceApp.allowed_networks when it is meant."
        )

    def _may(self, address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
        if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped:
            address = address.ipv4_mapped
        if any(address in network for network in self._allowed):
            return True
        return address.is_global and not address.is_multicast

    def pool(self) -> httpcore.ConnectionPool:
        """A pool of HTTP connections through this gate; redirects are not followed."""
        return httpcore.ConnectionPool(network_backend=_Backend(self), retries=0)


class _Backend(httpcore.SyncBackend):
    """Connects to the address that was checked; TLS still asks for the name."""

    def __init__(self, gate: Gate) -> None:
        super().__init__()
        self._gate = gate

    def connect_tcp(self, host: str, port: int, *args: Any, **more: Any) -> Any:
        return super().connect_tcp(self._gate.address(host, port), port, *args, **more)

    def connect_unix_socket(self, *args: Any, **more: Any) -> Any:
        raise Denied("Sockets of this machine are not for webhooks.")


class GatedSmtp(smtplib.SMTP):
    """A mail server behind the gate."""

    def __init__(self, gate: Gate, host: str, port: int, timeout_s: float) -> None:
        self._gate = gate
        super().__init__(host, port, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return socket.create_connection((self._gate.address(host, port), port), timeout)


class GatedSmtpTls(smtplib.SMTP_SSL):
    """The same, with TLS from the first byte."""

    def __init__(self, gate: Gate, host: str, port: int, timeout_s: float) -> None:
        self._gate = gate
        super().__init__(host, port, timeout=timeout_s)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        plain = socket.create_connection((self._gate.address(host, port), port), timeout)
        return self.context.wrap_socket(plain, server_hostname=host)
