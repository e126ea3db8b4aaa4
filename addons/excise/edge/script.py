"""The add-ons under `mitmdump -s`, for trials.

The script makes mitmdump's own dispatcher fail closed and sets what must be set, but mitmdump
reloads scripts while it runs and forwards everything when one no longer loads. `excise up` does
not.
"""

from __future__ import annotations

import logging
from typing import Any

from mitmproxy import ctx, exceptions
from mitmproxy.proxy import layer

from excise.audit.fields import Stage
from excise.config import load_settings
from excise.edge import hostlog, http1
from excise.edge.addon import Addon
from excise.edge.dispatch import Dispatcher
from excise.edge.doubt import Doubts
from excise.edge.exchange import new_id
from excise.edge.gate import Gate
from excise.edge.options import HARD
from excise.edge.parts import build_parts, open_trail, read_engine, stage_record
from excise.edge.tarpit import Tarpit

log = logging.getLogger("excise.edge")


class ScriptGate(Gate):
    """The gate in front of mitmdump's own choice of layer."""

    def next_layer(self, asked: layer.NextLayer) -> None:
        """What is not decided yet is not decided by anybody else either."""
        super().next_layer(asked)
        if asked.layer is None:
            raise exceptions.AddonHalt


class Script:
    """Loads the firewall into a running mitmdump; settings come from file and environment."""

    def __init__(self) -> None:
        config = load_settings()
        engine = read_engine(config)
        self._trail = open_trail(config, log.warning)
        self._trail.commit_sync(stage_record(engine, Stage.START))
        self._parts = build_parts(config, engine, self._trail)
        self._gate = ScriptGate(
            self._parts.hosts,
            run=None,
            doubts=Doubts(config.unknown_sni, config.ech, config.sni_mismatch, config.tunnel_to),
        )
        self._addon = Addon(
            firewall=self._parts.firewall,
            gate=self._gate,
            trail=self._trail,
            vault=self._parts.vault,
            note=self._note,
            body_limit=config.max_body,
            tarpit=Tarpit(seconds=self._parts.tarpit_seconds),
        )
        self.addons = [self._gate, self._addon]

    def load(self, loader: Any) -> None:
        """Take over the dispatcher before any traffic."""
        http1.install()
        hostlog.install()
        self._dispatcher = Dispatcher.adopt(ctx.master.addons)
        self._dispatcher.new_reference = new_id
        self._dispatcher.refuse = self._addon.refusal
        self._dispatcher.on_fault = lambda fault: self._trail.offer(self._parts.fault_record(fault))
        self._gate.run = self._dispatcher.run

    def running(self) -> None:
        """Set what keeps bytes from passing unread, whatever the command line said."""
        ctx.options.update(**HARD)

    def done(self) -> None:
        """Write what is queued."""
        self._trail.close()

    def _note(self, where: str, fault: BaseException) -> str:
        return self._dispatcher.note(where, fault)


addons = [Script()]
