"""Composition: gather, decide, do; one module a command."""
