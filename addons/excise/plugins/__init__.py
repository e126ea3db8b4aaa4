"""The detectors for users of other frameworks: recognizers for Presidio, a component for spaCy."""
