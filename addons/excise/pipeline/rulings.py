"""What rulings come to in a stream, of which a part is with the client already."""

from __future__ import annotations

from dataclasses import replace

from excise.model import REFUSING, Action, Mode, Ruling, Spoken


def is_cut_out(ruling: Ruling) -> bool:
    """Whether what was found is cut out."""
    return ruling.action is Action.REDACT and ruling.mode is Mode.ENFORCE


def refuses(said: Ruling | Spoken) -> bool:
    """Whether the answer ends here."""
    return said.action in REFUSING and said.mode is Mode.ENFORCE


def stops_a_call(ruling: Ruling) -> bool:
    """Whether a call is refused: what was cut out of it would make it another one."""
    return ruling.mode is Mode.ENFORCE and ruling.action.rank >= Action.REDACT.rank


def too_late(ruling: Ruling) -> Ruling:
    """What is out cannot be cut out any more."""
    return replace(ruling, action=Action.BLOCK) if ruling.action is Action.REDACT else ruling


def unedited(ruling: Ruling) -> Ruling:
    """What the provider signed is recorded, not edited: it came from there."""
    if ruling.action is Action.REDACT:
        return replace(ruling, action=Action.ALERT, clause="sealed")
    return ruling
