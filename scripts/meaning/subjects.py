"""What the sets of topics call their subjects, and what we do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# What is not here is no topic.
TOPIC_OF: Final = {
    "news_politics": "politics", "finance": "finance", "health": "health", "banking": "banking",
    "work_hr": "hr", "travel": "travel", "home": "home", "auto": "auto",
}  # fmt: skip
# CLINC and HWU64 gather by device and place what is about other things: meetings, lists and music
# are no home, insurance and pensions no work, the way to somewhere no car.
_KINDS_OF: Final = {
    "insurance": ("intent:insurance",),
    "investment": ("intent:rollover_401k", "hwu:qa_stock"),
    "finance": ("intent:taxes", "intent:exchange_rate", "hwu:qa_currency"),
    "travel": (
        "intent:distance", "intent:uber", "intent:current_location", "intent:directions",
        "intent:traffic",
    ),
    "other": (
        "intent:calendar", "intent:reminder", "intent:todo_list", "intent:shopping_list",
        "intent:order", "intent:next_song", "intent:what_song", "intent:play_music",
        "intent:update_playlist", "intent:schedule_meeting", "intent:meeting_schedule",
        "intent:translate", "intent:timezone", "hwu:calendar", "hwu:email",
    ),
}  # fmt: skip
TOPIC_OF_KIND: Final = {kind: topic for topic, kinds in _KINDS_OF.items() for kind in kinds}


def topic_of(row: Mapping[str, Any]) -> str:
    """The topic of a row of a set, `other` for none."""
    for kind, topic in TOPIC_OF_KIND.items():
        # `order` is none of banking's `order_checks`.
        if (row.get("kind") or "").startswith(kind) and row["label"] != "banking":
            return topic
    return TOPIC_OF.get(row["label"], "other")
