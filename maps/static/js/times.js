// Days and instants in a named time zone, with nothing but Intl.
"use strict";

gridkeeper.times = (() => {
  const DAY_MS = 86400000;

  function parts(at, zone) {
    const format = new Intl.DateTimeFormat("en-CA", {
      timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
      hour: "2-digit", minute: "2-digit", second: "2-digit",
    });
    return Object.fromEntries(format.formatToParts(at).map((part) => [part.type, part.value]));
  }

  function offsetMs(at, zone) {
    const p = parts(at, zone);
    const shown = Date.UTC(+p.year, p.month - 1, +p.day, +p.hour, +p.minute, +p.second);
    return shown - Math.floor(at / 1000) * 1000;
  }

  /** The local day "2026-08-24" of an instant. */
  function day(at, zone) {
    const p = parts(new Date(at), zone);
    return `${p.year}-${p.month}-${p.day}`;
  }

  /** The instant of a local day and time; asked twice, because the offset may change during that day. */
  function instant(name, time, zone) {
    const wall = Date.parse(`${name}T${time}:00Z`);
    let at = wall;
    for (let turn = 0; turn < 2; turn += 1) at = wall - offsetMs(at, zone);
    return new Date(at).toISOString();
  }

  const midnight = (name, zone) => instant(name, "00:00", zone);

  /** A day some days later (or earlier). */
  function shift(name, days) {
    return new Date(Date.parse(`${name}T00:00:00Z`) + days * DAY_MS).toISOString().slice(0, 10);
  }

  /** "2026-08-24 14:05" in the zone; only the day where no more is known. */
  function show(at, zone, precision) {
    if (!at) return "";
    const p = parts(new Date(at), zone);
    return precision === "day" ? `${p.year}-${p.month}-${p.day}` : `${p.year}-${p.month}-${p.day} ${p.hour}:${p.minute}`;
  }

  /** "UTC+08:00" */
  function offset(at, zone) {
    const minutes = Math.round(offsetMs(+new Date(at), zone) / 60000);
    const two = (value) => String(value).padStart(2, "0");
    const size = Math.abs(minutes);
    return `UTC${minutes < 0 ? "−" : "+"}${two(Math.floor(size / 60))}:${two(size % 60)}`;
  }

  return { day, instant, midnight, shift, show, offset };
})();
