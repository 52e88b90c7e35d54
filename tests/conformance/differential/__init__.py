"""Nearcast beside Knot, NSD and BIND: the same zones, the same questions, the same answers."""
