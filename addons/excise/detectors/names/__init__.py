"""Persons, places, organisations and addresses in prose: a linear tagger over tokens."""
