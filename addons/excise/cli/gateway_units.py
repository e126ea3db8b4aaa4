"""The files that have systemd set the rules of a gateway at the start, and look LLM hosts up again.

Nothing here writes or runs anything.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from excise.cli.units import quoted

EVERY: Final = "5min"
RULES: Final = "excise-gateway.service"
REFRESH: Final = "excise-gateway-refresh.service"
TIMER: Final = "excise-gateway-refresh.timer"
# nft needs one capability; nothing else of these commands needs any.
_CONFINED: Final = """\
CapabilityBoundingSet=CAP_NET_ADMIN
NoNewPrivileges=yes
ProtectSystem=strict
ProtectHome=read-only
PrivateTmp=yes
PrivateDevices=yes
RestrictAddressFamilies=AF_UNIX AF_INET AF_INET6 AF_NETLINK
SystemCallArchitectures=native
SystemCallFilter=@system-service
"""


def build_units(
    program: Sequence[str], plan: Sequence[str], names: Sequence[str]
) -> Mapping[str, str]:
    """Texts by the names of their files. `program` is how excise is called, `plan` are the options
    of `gateway up`, `names` those of `gateway refresh`."""
    up, refresh, down = (
        _command(program, verb, words)
        for verb, words in (("up", plan), ("refresh", names), ("down", ()))
    )
    return {
        RULES: f"""\
# Written by excise gateway units.
[Unit]
Description=Hand traffic to the LLM firewall
After=network-online.target nss-lookup.target
Wants=network-online.target

[Service]
Type=oneshot
RemainAfterExit=yes
ExecStart={up}
ExecReload={refresh}
ExecStop={down}
{_CONFINED}
[Install]
WantedBy=multi-user.target
""",
        REFRESH: f"""\
# Written by excise gateway units.
[Unit]
Description=Look up again where LLM hosts are
Requisite={RULES}
After={RULES}

[Service]
Type=oneshot
ExecStart={refresh}
{_CONFINED}""",
        TIMER: f"""\
# Written by excise gateway units.
[Unit]
Description=Look up again where LLM hosts are, every {EVERY}
PartOf={RULES}

[Timer]
OnActiveSec={EVERY}
OnUnitActiveSec={EVERY}
RandomizedDelaySec=30s

[Install]
WantedBy=timers.target {RULES}
""",
    }


def _command(program: Sequence[str], verb: str, words: Sequence[str]) -> str:
    return " ".join(map(quoted, [*program, "gateway", verb, *words]))
