"""The gateways that this installation has settings for, by name."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from counseling.sms.gateway import SmsGateway


@dataclass(frozen=True)
class Gateways:
    """`first` carries what nobody has routed."""

    by_name: Mapping[str, SmsGateway]
    first: str

    @classmethod
    def of(cls, gateway: SmsGateway | Gateways) -> Gateways:
        """A gateway that stands alone is the first one."""
        return gateway if isinstance(gateway, Gateways) else cls({gateway.name: gateway}, gateway.name)

    def find(self, name: str | None) -> SmsGateway | None:
        return self.by_name.get(name or "")
