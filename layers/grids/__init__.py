"""Schemes, grids, their boundary versions, and the ground around them."""
