// The clock of a case: how soon it is due, its mark, and the time left in words.
"use strict";

gridkeeper.clock = (() => {
  const { t, times, config } = gridkeeper;
  const HOUR = 3600;
  /** From the most pressing to the least; a number in this order is what lists and map keep. */
  const KINDS = ["overdue", "hour", "today", "later", "paused", "none"];
  const [OVERDUE, SOON, TODAY, LATER, PAUSED, NONE] = KINDS.keys();
  let ahead_ms = 0;
  let zone = "UTC";
  let midnight = 0;

  /** Count by the clock of the service and by the days of the city. */
  function set({ now, zone: named }) {
    if (now) ahead_ms = Date.parse(now) - Date.now();
    if (named) zone = named;
    midnight = 0;
  }

  /** Seconds of the service's clock. */
  const now = () => (Date.now() + ahead_ms) / 1000;

  /** When the day ends in the city, in seconds. */
  function dayEnd() {
    if (now() >= midnight) midnight = Date.parse(times.midnight(times.shift(times.day(now() * 1000, zone), 1), zone)) / 1000;
    return midnight;
  }

  /** The kind of a clock: its name, when it is due (not finite where nothing is), at which instant, and when the day ends. */
  function kindOf(clock, due, at, end) {
    if (clock === "paused") return PAUSED;
    if (clock !== "running" || !Number.isFinite(due)) return NONE;
    if (due < at) return OVERDUE;
    if (due < at + HOUR) return SOON;
    return due < end ? TODAY : LATER;
  }

  const two = (value) => String(value).padStart(2, "0");

  /** A span as a person says it: two parts. */
  function span(seconds) {
    const whole = Math.floor(Math.abs(seconds));
    const [d, h, m, s] = [Math.floor(whole / 86400), Math.floor(whole / HOUR) % 24, Math.floor(whole / 60) % 60, whole % 60];
    if (d) return t("clock.days", { d, h });
    if (h) return t("clock.hours", { h, m });
    return t("clock.minutes", { m, s: two(s) });
  }

  /** A span to the second. */
  function exact(seconds) {
    const whole = Math.floor(Math.abs(seconds));
    const time = `${two(Math.floor(whole / HOUR) % 24)}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
    const days = Math.floor(whole / 86400);
    return days ? t("clock.exact", { d: days, time }) : time;
  }

  /** "2 h 5 min left", "3 min over", or why nothing counts. */
  function left(clock, due, spell = span) {
    if (clock !== "running" || !Number.isFinite(due)) return config.strings[`clock_name.${clock}`] ?? clock;
    const rest = due - now();
    return t(rest < 0 ? "clock.over" : "clock.left", { span: spell(rest) });
  }

  /** The day and time of an instant in the city; only the time where it is today. */
  function moment(at) {
    if (!at) return "";
    const shown = times.show(at, zone);
    return shown.startsWith(times.day(now() * 1000, zone)) ? shown.slice(11) : shown.slice(5);
  }

  const show = (at) => times.show(at, zone);

  return { KINDS, OVERDUE, set, now, dayEnd, kindOf, span, exact, left, moment, show };
})();
