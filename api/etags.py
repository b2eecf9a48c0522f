"""What a writer saw: the tag of a draft or a case, sent back as If-Match, so that nobody writes over another."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Request

from api.errors import Unconditional

_TAG = re.compile(r'"d(\d{1,18})-r(\d{1,9})-v\d{1,9}"')
_CASE_TAG = re.compile(r'"c(\d{1,18})-r(\d{1,9})"')
_VERSIONS_TAG = re.compile(r'"s(\d{1,9})-v(\d{1,9})"')


@dataclass(frozen=True)
class Seen:
    """A state of a draft or a case; 0 stands for none.

    Attributes:
        number: Which one.
        revision: Its revision.
    """

    number: int
    revision: int

    def revision_of(self, number: int) -> int:
        """The revision that was seen of one; 0, which is none, when it was another one."""
        return self.revision if self.number == number else 0


def draft_tag(draft: Mapping[str, Any]) -> str:
    """The tag of a draft as `layers.rezoning.reading` tells it.

    >>> draft_tag({"id": 7, "revision": 3, "newest_version": 2})
    '"d7-r3-v2"'
    """
    return f'"d{draft["id"]}-r{draft["revision"]}-v{draft["newest_version"]}"'


def if_match(request: Request) -> str:
    """The tag that a write was made for.

    Raises:
        Unconditional: `if_match_missing`.
    """
    given = request.headers.get("if-match")
    if given is None:
        raise Unconditional("if_match_missing", "Say what you saw: send its ETag back as If-Match.", field="If-Match")
    return given.strip()


def seen_draft(tag: Annotated[str, Depends(if_match)]) -> Seen:
    """The state of a draft that If-Match names; one that is no draft's is the state of none."""
    return _seen(_TAG, tag)


def case_tag(case: Mapping[str, Any]) -> str:
    """The tag of a case as `layers.cases.queries` tells it.

    >>> case_tag({"number": "10000001", "revision": 4})
    '"c10000001-r4"'
    """
    return f'"c{case["number"]}-r{case["revision"]}"'


def seen_case(tag: Annotated[str, Depends(if_match)]) -> Seen:
    """The state of a case that If-Match names; a tag that is no case's is the state of none."""
    return _seen(_CASE_TAG, tag)


def _seen(form: re.Pattern[str], tag: str) -> Seen:
    found = form.fullmatch(tag)
    return Seen(*map(int, found.groups())) if found else Seen(0, 0)


def versions_tag(scheme_id: int, newest: int) -> str:
    """The tag of a scheme's versions.

    >>> versions_tag(3, 7)
    '"s3-v7"'
    """
    return f'"s{scheme_id}-v{newest}"'


def seen_version(tag: str, scheme_id: int) -> int:
    """The newest version that was seen of a scheme; 0, which is none, when it was another scheme or no such tag.

    >>> seen_version('"s3-v7"', 3), seen_version('"s3-v7"', 4), seen_version("*", 3)
    (7, 0, 0)
    """
    found = _VERSIONS_TAG.fullmatch(tag)
    return int(found[2]) if found and int(found[1]) == scheme_id else 0


IfMatch = Annotated[str, Depends(if_match)]
SeenCase = Annotated[Seen, Depends(seen_case)]
SeenDraft = Annotated[Seen, Depends(seen_draft)]
