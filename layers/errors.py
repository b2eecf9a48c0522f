"""Errors of the verbs, beside `gis.errors.BadInput`; `api.errors` gives each its status."""

from gis.errors import GridError


class Unknown(GridError):
    """The caller is nobody we know."""


class NotFound(GridError):
    """The named thing is not there."""


class Conflict(GridError):
    """The request contradicts what is stored; nothing was changed."""


class Outdated(GridError):
    """The request was made for a state that is not there any more; nothing was changed."""


class Forbidden(GridError):
    """The caller may not do this."""


class Unavailable(GridError):
    """A part that the service needs is away; trying again later helps."""
