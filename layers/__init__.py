"""What people do with the ground: one folder a theme, each with its queries and its verbs."""

from layers.features import frame

__all__ = ["frame"]
