"""What the sets of topics call their subjects, and what we do."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

# What is not here is no topic.
TOPIC_OF: Final = {
    "news_politics": "politics", "finance": "finance", "health": "health", "banking": "banking",
    "work_hr": "hr", "travel": "travel", "home": "home", "auto": "auto",
}  # fmt: skip
# HWU64 cuts its subjects otherwise than CLINC: lists, music and calendars go where CLINC has them.
TOPIC_OF_KIND: Final = {
    "hwu:calendar": "home", "hwu:lists": "home", "hwu:play_music": "home", "hwu:music": "home",
    "hwu:email": "other", "hwu:qa_stock": "investment", "hwu:qa_currency": "travel",
}  # fmt: skip


def topic_of(row: Mapping[str, Any]) -> str:
    """The topic of a row of a set, `other` for none."""
    for kind, topic in TOPIC_OF_KIND.items():
        if (row.get("kind") or "").startswith(kind):
            return topic
    return TOPIC_OF.get(row["label"], "other")
