"""What speaks for owners is weighed: confidences are shares, and more signs for one never lower its own."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from layers.cases.reasons import rendered
from layers.dispatch.choices import SAID
from layers.dispatch.weighing import LEANING, MOST_CHOICES, NAMED, PAST, RULE, SETTLED, Sign, Who, best, past_weight

OWNERS = [Who(kind, number) for kind in ("staff", "department") for number in range(1, 4)]
signs = st.lists(
    st.builds(
        Sign, st.sampled_from(OWNERS), st.sampled_from([SETTLED, RULE, NAMED, LEANING]), st.just({"code": "assists"})
    ),
    max_size=12,
)
returned = st.dictionaries(st.sampled_from(OWNERS), st.just({"code": "returned", "reason": "no"}), max_size=3)


@given(signs=signs, returned=returned)
def test_confidences_are_shares_in_falling_order(signs, returned):
    found = best(signs, returned)
    confidences = [one.confidence for one in found]
    assert confidences == sorted(confidences, reverse=True)
    assert len(found) == min(MOST_CHOICES, len({sign.who for sign in signs}))
    assert all(0 < one < 1 for one in confidences)
    assert sum(confidences) < 1
    assert {reason["code"] for one in found for reason in one.why} <= {"assists", "returned"}


@given(signs=signs, more=st.sampled_from(OWNERS))
def test_one_more_sign_raises_the_confidence_in_its_owner_and_no_other(signs, more):
    before, after = (
        {one.who: one.confidence for one in best(given_signs, {})}
        for given_signs in (signs, [*signs, Sign(more, RULE, {"code": "assists"})])
    )
    for who in before.keys() & after.keys():
        assert after[who] > before[who] if who == more else after[who] < before[who]


@given(signs=signs, who=st.sampled_from(OWNERS))
def test_having_returned_a_case_never_helps(signs, who):
    no = {who: {"code": "returned", "reason": "no"}}
    before, after = ({one.who: one.confidence for one in best(signs, given)} for given in ({}, no))
    if who in before and who in after:
        assert after[who] < before[who]


def test_the_past_counts_more_the_more_there_is_of_it_and_never_more_than_all():
    assert [past_weight(n, n) < past_weight(n + 1, n + 1) < PAST for n in range(60)] == [True] * 60
    assert past_weight(0, 9) == 0
    assert past_weight(1, 50) < LEANING


def test_every_reason_has_a_sentence_in_both_languages():
    values = {"away_m": 5, "number": "10000001", "reason": "x", "total": 3, "cases": 2}
    for code in ("settled", "past", "named", "assists", "returned"):
        [told] = rendered([{"code": code, **values}], SAID)
        assert told["zh"] != told["en"] != ""
