"""Patterns of Presidio and detect-secrets, read from the installed packages."""
