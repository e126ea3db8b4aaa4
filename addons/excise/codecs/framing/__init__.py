"""Bytes → records, whatever these say: events, lines, parts, binary frames, content codings."""
