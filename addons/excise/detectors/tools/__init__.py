"""Calls and definitions of tools: what they are, what they would do, whether they changed."""
