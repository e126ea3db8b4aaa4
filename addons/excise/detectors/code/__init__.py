"""Source code: where it stands in a text, and in which language."""
