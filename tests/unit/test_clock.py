"""The clocks of cases: by hand for each thing that can happen to one; for any course, against a count step by step."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from data.tables.loop import CLOCKS
from gis.errors import BadInput
from gis.working_time import WorkingTime, elapsed
from layers.cases.clock import Clock, Face, clocks, face
from layers.cases.loop import states, steps
from layers.cases.replay import Happening, Standing, replay
from layers.matters.limits import END, Limit
from tests.courses import OPENED, courses

# Friday; the days known are this, the weekend and four more.
FRIDAY = datetime(2026, 5, 8, tzinfo=UTC)
CALENDAR = WorkingTime.of(
    {date(2026, 5, day): () if day in (9, 10) else (9 * 60, 17 * 60) for day in range(8, 15)}, "UTC"
)
# Every unit, and parts of a step.
RULES = {
    "report": [(END, 1, "hours")],
    "dispatch": [(END, 0.5, "hours")],
    "handle": [("accept", 1, "working_hours"), ("stop", 4, "hours"), (END, 2, "working_days")],
    "verify": [(END, 2, "hours")],
    "assess": [(END, 1, "working_days")],
    "archive": [(END, 8, "working_hours")],
}


def rules(stage, table=RULES):
    return [Limit(stage, milestone, amount, unit, "a rule") for milestone, amount, unit in table.get(stage, ())]


def happened(text):
    """Lines of time and kind, with fields as name=value; the time is day of the month and time of day."""
    found = []
    for line in filter(str.strip, text.splitlines()):
        day, clock, kind, *said = line.split()
        at = datetime.fromisoformat(f"2026-05-{day}T{clock}+00:00")
        found.append(Happening(at, kind, dict(part.split("=") for part in said)))
    return found


def derived(text, *, table=RULES, calendar=CALENDAR, opened=None):
    events = happened(text)
    found = clocks(events, lambda stage: rules(stage, table), calendar, opened=opened or events[0].at)
    return found, face(found, replay(events))


def shown(instant):
    return None if instant is None else f"{instant:%d %H:%M}"


def lines(found):
    """Clocks as somebody would write them down: what, due, met."""
    return [
        (
            f"{one.stage} {one.round} {one.milestone}",
            shown(one.due_at),
            "void" if one.void else shown(one.met_at),
        )
        for one in found
    ]


def test_the_whole_loop_with_rework_has_a_round_for_each_time_a_step_is_entered():
    found, last = derived("""
        08 09:00 received
        08 09:00 queued
        08 09:20 dispatch
        08 09:50 accept
        08 11:00 reach milestone=stop
        11 10:00 feed_back
        11 10:30 fail
        11 12:00 feed_back
        11 13:00 pass
        11 14:00 assess
        11 15:00 archive
    """)
    assert lines(found) == [
        ("report 1 end", "08 10:00", "08 09:00"),
        ("dispatch 1 end", "08 09:30", "08 09:20"),
        ("handle 1 accept", "08 10:20", "08 09:50"),
        ("handle 1 stop", "08 13:20", "08 11:00"),
        ("handle 1 end", "12 17:00", "11 10:00"),
        ("verify 1 end", "11 12:00", "11 10:30"),
        # What is done again is not accepted again.
        ("handle 2 stop", "11 14:30", "void"),
        ("handle 2 end", "13 17:00", "11 12:00"),
        ("verify 2 end", "11 14:00", "11 13:00"),
        ("assess 1 end", "12 17:00", "11 14:00"),
        ("archive 1 end", "12 14:00", "11 15:00"),
    ]
    assert {one.state for one in found} == {"stopped"}
    assert last == Face("stopped")


def test_the_face_is_the_earliest_deadline_that_is_not_met():
    assert derived("08 09:00 received")[1] == Face("running", FRIDAY + timedelta(hours=10), END)
    way = "08 09:00 received\n08 09:00 dispatched"
    assert derived(way)[1] == Face("running", FRIDAY + timedelta(hours=10), "accept")
    way += "\n08 09:30 accept"
    assert derived(way)[1] == Face("running", FRIDAY + timedelta(hours=13), "stop")
    way += "\n08 09:40 reach milestone=stop"
    assert derived(way)[1] == Face("running", FRIDAY + timedelta(days=4, hours=17), END)
    way += "\n08 09:50 note\n08 09:51 remind"
    assert derived(way)[1] == Face("running", FRIDAY + timedelta(days=4, hours=17), END)


def test_an_overdue_milestone_stays_what_is_due():
    way = "08 09:00 received\n08 09:00 dispatched\n08 16:00 note"
    assert derived(way)[1] == Face("running", FRIDAY + timedelta(hours=10), "accept")


def test_a_return_voids_what_is_not_met_and_the_next_dispatch_begins_anew():
    found, last = derived("""
        08 09:00 received
        08 09:00 dispatched
        08 09:30 accept
        08 10:00 return
        08 10:20 redispatch
    """)
    assert lines(found) == [
        ("report 1 end", "08 10:00", "08 09:00"),
        ("handle 1 accept", "08 10:00", "08 09:30"),
        ("handle 1 stop", "08 13:00", "void"),
        ("handle 1 end", "12 17:00", "void"),
        ("dispatch 1 end", "08 10:30", "08 10:20"),
        ("handle 2 accept", "08 11:20", None),
        ("handle 2 stop", "08 14:20", None),
        ("handle 2 end", "12 17:00", None),
    ]
    assert last == Face("running", FRIDAY + timedelta(hours=11, minutes=20), "accept")


@pytest.mark.parametrize("way", ["08 09:10 reject", "08 09:10 merge into=10000001"])
def test_a_case_rejected_or_merged_stops_without_being_counted(way):
    found, last = derived(f"08 09:00 received\n08 09:00 queued\n{way}")
    assert lines(found)[-1] == ("dispatch 1 end", "08 09:30", "void")
    assert last == Face("stopped")


def test_a_case_opened_again_has_a_new_round():
    found, last = derived("08 09:00 received\n08 09:00 queued\n08 09:10 reject\n08 11:00 reopen")
    assert lines(found)[-1] == ("dispatch 2 end", "08 11:30", None)
    assert last.clock == "running"


def test_who_sends_someone_to_look_has_dispatched_and_begins_anew():
    found, _ = derived("08 09:00 received\n08 09:00 queued\n08 09:10 send_on_site\n08 10:00 confirm")
    assert lines(found)[1:] == [
        ("dispatch 1 end", "08 09:30", "08 09:10"),
        ("report 2 end", "08 10:10", "08 10:00"),
        ("dispatch 2 end", "08 10:30", None),
    ]


def test_a_pause_moves_each_deadline_by_its_own_hours():
    way = "08 09:00 received\n08 09:00 dispatched\n08 09:30 suspend"
    found, last = derived(way)
    assert [(one.due_at, one.state) for one in found[1:]] == [(None, "paused")] * 3
    assert last == Face("paused")
    # Over the weekend: half a working hour is left, three and a half natural hours; the pause took Monday's closing, so
    # that those of the 12th and the 13th are the first two.
    found, last = derived(f"{way}\n12 10:00 resume")
    assert [(one.milestone, shown(one.due_at)) for one in found[1:]] == [
        ("accept", "12 10:30"),
        ("stop", "12 13:30"),
        (END, "13 17:00"),
    ]
    assert last == Face("running", FRIDAY + timedelta(days=4, hours=10, minutes=30), "accept")


def test_a_clock_missed_before_the_pause_stays_missed_and_shows_again_after_it():
    way = "08 09:00 received\n08 09:00 dispatched\n08 10:30 defer"
    found, last = derived(way)
    assert (found[1].milestone, shown(found[1].due_at)) == ("accept", "08 10:00")
    assert last == Face("paused")
    assert derived(f"{way}\n08 12:00 resume")[1] == Face("running", FRIDAY + timedelta(hours=10), "accept")


def test_a_pause_after_a_milestone_was_met_does_not_move_its_deadline():
    found, _ = derived("""
        08 09:00 received
        08 09:00 dispatched
        08 09:20 accept
        08 09:30 wait
        08 11:30 resume
    """)
    assert lines(found)[1:3] == [("handle 1 accept", "08 10:00", "08 09:20"), ("handle 1 stop", "08 15:00", None)]


def test_who_waits_for_the_resident_on_site_stops_the_clock_of_the_first_step():
    way = "08 09:00 received\n08 09:00 on_site\n08 09:20 wait"
    assert derived(way)[1] == Face("paused")
    found, last = derived(f"{way}\n08 12:20 resume")
    assert lines(found) == [("report 1 end", "08 13:00", None)]
    assert last.clock == "running"


def test_an_extension_asked_for_moves_nothing_until_it_is_granted():
    way = "08 09:00 received\n08 09:00 dispatched\n08 09:20 accept\n11 09:00 ask_extension amount=3 unit=working_days"
    assert lines(derived(way)[0])[-1] == ("handle 1 end", "12 17:00", None)
    assert lines(derived(f"{way}\n11 10:00 refuse_extension")[0])[-1] == ("handle 1 end", "12 17:00", None)
    # 11 and 12, then 13 and 14.
    granted = f"{way}\n11 10:00 grant_extension amount=2 unit=working_days"
    assert lines(derived(granted)[0])[-1] == ("handle 1 end", "14 17:00", None)
    # The parts of the step keep their limits.
    assert lines(derived(granted)[0])[2] == ("handle 1 stop", "08 13:00", None)


def test_an_extension_in_another_unit_runs_from_the_old_deadline():
    way = "08 09:00 received\n08 09:00 dispatched\n08 09:10 ask_extension"
    hours = f"{way}\n08 09:20 grant_extension amount=6 unit=hours"
    assert lines(derived(hours)[0])[-1] == ("handle 1 end", "12 23:00", None)
    both = f"{hours}\n08 09:30 ask_extension\n08 09:40 grant_extension amount=18 unit=hours"
    assert lines(derived(both)[0])[-1] == ("handle 1 end", "13 17:00", None)
    days = f"{both}\n08 09:30 ask_extension\n08 09:40 grant_extension amount=1 unit=working_days"
    assert lines(derived(days)[0])[-1] == ("handle 1 end", "14 17:00", None)


def test_an_extension_granted_late_runs_from_the_old_deadline_and_is_gone_with_the_round():
    way = """
        08 09:00 received
        08 09:00 dispatched
        13 09:00 ask_extension
        13 10:00 grant_extension amount=2 unit=working_days
    """
    assert lines(derived(way)[0])[-1] == ("handle 1 end", "14 17:00", None)
    again, _ = derived(f"{way}\n13 11:00 feed_back\n13 11:30 fail", table={"handle": [(END, 1, "working_days")]})
    assert lines(again) == [("handle 1 end", "13 17:00", "13 11:00"), ("handle 2 end", "14 17:00", None)]


def test_an_extension_that_is_none_is_refused():
    way = "08 09:00 received\n08 09:00 dispatched\n08 09:10 ask_extension\n08 09:20 grant_extension"
    for said in ("amount=0.5 unit=working_days", "amount=-1 unit=hours", "amount=1 unit=weeks"):
        with pytest.raises(BadInput) as caught:
            derived(f"{way} {said}")
        assert caught.value.code == "bad_duration"


def test_beyond_the_calendar_a_live_case_has_no_deadline_and_its_face_says_so():
    handle = {"handle": [("accept", 1, "hours"), (END, 5, "working_days")]}
    way = "08 09:00 received\n08 09:00 dispatched"
    found, last = derived(way, table=handle)
    assert [(one.milestone, one.due_at, one.state) for one in found] == [
        ("accept", FRIDAY + timedelta(hours=10), "running"),
        (END, None, "beyond_calendar"),
    ]
    # What is known is due first.
    assert last == Face("running", FRIDAY + timedelta(hours=10), "accept")
    assert derived(f"{way}\n08 09:30 accept", table=handle)[1] == Face("beyond_calendar")
    assert derived(f"{way}\n08 09:30 accept\n08 10:00 suspend", table=handle)[1] == Face("paused")
    assert derived(f"{way}\n08 09:30 accept", table=handle, calendar=None)[1] == Face("beyond_calendar")


def test_more_days_in_the_calendar_give_the_deadline():
    handle = {"handle": [(END, 5, "working_days")]}
    longer = WorkingTime.of({date(2026, 5, day): (9 * 60, 17 * 60) for day in range(8, 20)}, "UTC")
    way = "08 09:00 received\n08 09:00 dispatched"
    assert derived(way, table=handle)[1] == Face("beyond_calendar")
    assert derived(way, table=handle, calendar=longer)[1].due_at == FRIDAY + timedelta(days=5, hours=17)


def test_a_case_without_limits_has_no_clocks():
    found, last = derived("08 09:00 received\n08 09:00 dispatched", table={})
    assert (found, last) == ([], Face("no_limit"))
    assert derived("08 09:00 received\n08 09:00 dispatched\n08 09:30 suspend", table={})[1] == Face("no_limit")
    assert derived("08 09:00 received\n08 09:00 queued\n08 09:30 reject", table={})[1] == Face("stopped")


def test_without_events_there_is_nothing():
    assert clocks([], rules, CALENDAR, opened=FRIDAY) == []
    assert face([], Standing()) == Face("no_limit")


def test_what_is_solved_on_the_spot_meets_the_end_of_its_step_and_skips_the_others():
    found, _ = derived("08 09:00 received\n08 09:00 dispatched\n08 09:10 solve_on_spot")
    assert lines(found)[1:] == [
        ("handle 1 accept", "08 10:00", "void"),
        ("handle 1 stop", "08 13:00", "void"),
        ("handle 1 end", "12 17:00", "08 09:10"),
        ("assess 1 end", "11 17:00", None),
    ]


def test_giving_the_task_to_another_starts_no_clock_anew():
    found, _ = derived("08 09:00 received\n08 09:00 dispatched\n08 09:10 accept\n08 10:00 reassign\n08 10:10 accept")
    assert lines(found)[1] == ("handle 1 accept", "08 10:00", "08 09:10")
    assert len(found) == 4


def moved(at, **detail):
    return Happening(at, "moved", {"version": 2, "queue_reason": None, **detail})


def test_new_boundaries_that_hand_a_case_on_leave_its_clocks_alone():
    events = happened("08 09:00 received\n08 09:00 dispatched\n08 09:10 accept")
    before = clocks(events, rules, CALENDAR, opened=FRIDAY + timedelta(hours=9))
    ten = FRIDAY + timedelta(hours=10)
    for event in (moved(ten), Happening(ten, "kept", {"version": 2, "queue_reason": None})):
        assert clocks([*events, event], rules, CALENDAR, opened=FRIDAY + timedelta(hours=9)) == before


def test_new_boundaries_that_leave_a_case_to_nobody_void_what_was_not_done():
    events = happened("08 09:00 received\n08 09:00 dispatched\n08 09:10 accept\n08 09:20 suspend")
    events.append(moved(FRIDAY + timedelta(hours=10), queue_reason="no_person"))
    found = clocks(events, rules, CALENDAR, opened=events[0].at)
    assert [(line[0], line[2]) for line in lines(found)[1:]] == [
        ("handle 1 accept", "08 09:10"),
        ("handle 1 stop", "void"),
        ("handle 1 end", "void"),
        ("dispatch 1 end", None),
    ]
    assert face(found, replay(events)) == Face("running", FRIDAY + timedelta(hours=10, minutes=30), END)


def test_new_boundaries_that_find_somebody_for_a_case_that_waited_meet_its_clock():
    events = [*happened("08 09:00 received\n08 09:00 queued"), moved(FRIDAY + timedelta(hours=9, minutes=20))]
    found = clocks(events, rules, CALENDAR, opened=events[0].at)
    assert lines(found)[1] == ("dispatch 1 end", "08 09:30", "08 09:20")
    assert found[-1].stage == "handle"


def imported(**detail):
    """A case that came by file on a day long after."""
    return [Happening(datetime(2026, 5, 14, 12, tzinfo=UTC), "imported", {"batch_id": 1, **detail})]


def test_a_closed_case_by_file_was_being_handled_from_the_day_it_came_in():
    events = imported(state="archived", closed_at="2026-05-12T10:00:00+00:00")
    found = clocks(events, rules, CALENDAR, opened=FRIDAY + timedelta(hours=9))
    assert lines(found) == [("handle 1 end", "12 17:00", "12 10:00")]
    assert face(found, replay(events)) == Face("stopped")


def test_a_case_by_file_of_days_that_no_calendar_knows_is_unmeasured():
    events = imported(state="archived", closed_at="2019-05-12T10:00:00+00:00")
    found = clocks(events, rules, CALENDAR, opened=datetime(2019, 5, 8, tzinfo=UTC))
    assert [(one.due_at, shown(one.met_at), one.state) for one in found] == [(None, "12 10:00", "unmeasured")]
    assert face(found, replay(events)) == Face("unmeasured")
    events = imported(state="dispatched")
    assert face(clocks(events, rules, CALENDAR, opened=datetime(2019, 5, 8, tzinfo=UTC)), replay(events)) == Face(
        "unmeasured"
    )


def test_a_case_closed_nobody_knows_when_is_not_measured_at_all():
    events = imported(state="archived")
    assert clocks(events, rules, CALENDAR, opened=FRIDAY) == []
    assert face([], replay(events)) == Face("stopped")


def test_an_open_case_by_file_runs_from_the_day_it_came_in():
    events = [*imported(state="dispatched"), *happened("14 13:00 feed_back")]
    found = clocks(events, rules, CALENDAR, opened=FRIDAY + timedelta(hours=9))
    assert lines(found) == [("handle 1 end", "12 17:00", "14 13:00"), ("verify 1 end", "14 15:00", None)]


def test_a_case_by_file_that_is_suspended_runs_from_the_day_it_is_resumed():
    events = imported(state="suspended")
    before = clocks(events, rules, CALENDAR, opened=FRIDAY + timedelta(hours=9))
    assert [(one.stage, one.due_at, one.state) for one in before] == [("handle", None, "paused")]
    assert face(before, replay(events)) == Face("paused")
    longer = WorkingTime.of({date(2026, 5, day): (9 * 60, 17 * 60) for day in range(8, 20)}, "UTC")
    events += happened("14 13:00 resume")
    after = clocks(events, rules, longer, opened=FRIDAY + timedelta(hours=9))
    # The closings of the 14th and the 15th are the first two that it sees.
    assert lines(after) == [("handle 1 end", "15 17:00", None)]


def test_a_clock_of_the_machine_that_was_put_back_makes_no_time_run_backwards():
    found, _ = derived("08 09:00 received\n08 09:00 dispatched\n08 09:10 suspend\n08 08:10 resume\n08 08:20 feed_back")
    assert lines(found)[1:] == [
        ("handle 1 accept", "08 10:00", "void"),
        ("handle 1 stop", "08 13:00", "void"),
        ("handle 1 end", "12 17:00", "08 09:10"),
        ("verify 1 end", "08 11:10", None),
    ]


def test_two_limits_due_at_once_are_shown_in_the_order_of_the_catalogue():
    table = {"report": [("first", 1, "hours"), (END, 1, "hours")]}
    assert derived("08 09:00 received", table=table)[1].due_milestone == "first"


# Any course, with natural hours: what is left of each limit is counted down from event to event.
HOURS = {
    "report": [(END, 1, "hours")],
    "dispatch": [(END, 0.5, "hours")],
    "handle": [("accept", 1, "hours"), ("stop", 24, "hours"), (END, 48, "hours")],
    "verify": [(END, 2, "hours")],
    "archive": [(END, 100, "hours")],
}


@dataclass
class Counted:
    """A limit as a clock on the wall: what is left of it, and when it ran out."""

    milestone: str
    left: timedelta
    ran_out: datetime | None = None

    def run(self, begin, end):
        if self.left > timedelta(0) and begin + self.left <= end:
            self.ran_out = begin + self.left
        self.left -= end - begin

    def due(self, now):
        return self.ran_out if self.left <= timedelta(0) and self.ran_out else now + self.left


@dataclass
class Wall:
    """The clocks of a case as they hang on a wall: looked at when something happens, never worked out anew."""

    now: datetime = OPENED
    standing: Standing = field(default_factory=Standing)
    clocks: list[Counted] = field(default_factory=list)

    def hang(self):
        state = self.standing.state
        found = rules(self.standing.stage, HOURS)
        self.clocks = [
            Counted(one.milestone, timedelta(hours=one.amount))
            for one in found
            if one.milestone != "accept" or state == "dispatched"
        ]

    def take(self, event):
        before = self.standing
        if not states()[before.state].is_paused:
            for one in self.clocks:
                one.run(self.now, event.at)
        self.now = event.at
        self.standing = before.after(event)
        done = event.detail.get("milestone", event.kind)
        self.clocks = [one for one in self.clocks if one.milestone != done]
        if event.kind == "grant_extension":
            for one in self.clocks:
                one.left += timedelta(hours=event.detail["amount"]) if one.milestone == END else timedelta(0)
        if self.standing.stage is None:
            self.clocks = []
        elif self.standing.stage != before.stage:
            self.hang()

    def face(self):
        if self.standing.stage is None:
            return Face("stopped")
        if not self.clocks:
            return Face("no_limit")
        if states()[self.standing.state].is_paused:
            return Face("paused")
        first = min(self.clocks, key=lambda one: one.due(self.now))
        return Face("running", first.due(self.now), first.milestone)


@settings(max_examples=300, deadline=None)
@given(courses())
def test_the_face_worked_out_from_the_events_is_that_of_clocks_that_hang_on_a_wall(course):
    wall = Wall()
    wall.hang()
    for number, event in enumerate(course):
        wall.take(event)
        so_far = course[: number + 1]
        found = clocks(so_far, lambda stage: rules(stage, HOURS), None, opened=OPENED)
        assert face(found, replay(so_far)) == wall.face()


# Days enough for most courses, over the change of the clock in Berlin; long ones run out of it.
MANY_DAYS = WorkingTime.of(
    {
        date(2026, 3, 27) + timedelta(days=n): (8 * 60, 12 * 60, 13 * 60, 17 * 60) if n % 7 not in (1, 2) else ()
        for n in range(60)
    },
    "Europe/Berlin",
)


@settings(max_examples=200, deadline=None)
@given(courses(units=("hours", "working_hours", "working_days")))
def test_what_is_settled_stays_as_it_was_whatever_happens_later(course):
    settled: dict[tuple[str, int, str], Clock] = {}
    for number in range(1, len(course) + 1):
        found = clocks(course[:number], rules, MANY_DAYS, opened=OPENED)
        by_name = {(one.stage, one.round, one.milestone): one for one in found}
        assert len(by_name) == len(found)
        assert [by_name[name] for name in settled] == list(settled.values())
        settled = {name: one for name, one in by_name.items() if one.met_at is not None or one.void}


@settings(max_examples=200, deadline=None)
@given(courses(units=("hours", "working_hours", "working_days")))
def test_clocks_and_face_fit_together_and_fit_the_state(course):
    found = clocks(course, rules, MANY_DAYS, opened=OPENED)
    standing = replay(course)
    shown_face = face(found, standing)
    open_clocks = [one for one in found if one.met_at is None and not one.void]
    assert shown_face.clock in CLOCKS
    assert (shown_face.clock == "running") == (shown_face.due_at is not None) == (shown_face.due_milestone is not None)
    assert {one.stage for one in open_clocks} <= {standing.stage}
    for one in found:
        assert one.state in CLOCKS
        assert not (one.void and one.met_at)
        assert one.met_at is None or one.met_at >= one.started_at
        assert one.due_at is None or one.due_at > one.started_at
        assert (one.state == "running") <= (one.due_at is not None)
    if states()[standing.state].is_paused:
        assert shown_face.clock in ("paused", "no_limit")
    rounds = [(one.stage, one.round) for one in found]
    assert rounds == sorted(rounds, key=rounds.index)


@settings(max_examples=200, deadline=None)
@given(courses(most=8), st.integers(1, 10_000))
def test_no_clock_runs_while_the_case_is_paused(course, longer):
    """Everything from a resume on happens later by so much: so do the deadlines in natural hours."""
    resumed = [number for number, event in enumerate(course) if event.kind == "resume"]
    if not resumed:
        return
    cut, late = resumed[-1], timedelta(minutes=longer)
    later = [*course[:cut], *(Happening(one.at + late, one.kind, one.detail) for one in course[cut:])]

    def found(events):
        return clocks(events, lambda stage: rules(stage, HOURS), None, opened=OPENED)

    paused_at = course[cut - 1].at
    for before, after in zip(found(course), found(later), strict=True):
        if before.due_at is not None and before.due_at > paused_at and before.met_at is None and not before.void:
            assert after.due_at == before.due_at + late


@settings(max_examples=100, deadline=None)
@given(courses(most=8))
def test_a_clock_that_runs_has_its_limit_used_up_at_its_deadline(course):
    pauses, standing = [], Standing()
    for event in course:
        standing = standing.after(event)
        if states()[standing.state].is_paused and not (pauses and pauses[-1][1] is None):
            pauses.append((event.at, None))
        elif not states()[standing.state].is_paused and pauses and pauses[-1][1] is None:
            pauses[-1] = (pauses[-1][0], event.at)
    extended = any(event.kind in {one.name for one in steps().values() if one.clock == "extend"} for event in course)
    limits = {(stage, milestone): (amount, unit) for stage, of in RULES.items() for milestone, amount, unit in of}
    for one in clocks(course, rules, MANY_DAYS, opened=OPENED):
        if one.state == "running" and not extended:
            amount, unit = limits[one.stage, one.milestone]
            assert elapsed(MANY_DAYS, one.started_at, one.due_at, unit, pauses=pauses) == pytest.approx(amount)
