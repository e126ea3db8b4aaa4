"""Detectors that wait for a process or a model beside this one."""
