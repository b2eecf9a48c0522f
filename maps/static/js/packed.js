// Columns of numbers as they come inside a JSON text: base64 of narrow whole numbers, see data/packed_columns.py.
"use strict";

gridkeeper.unpacked = ({ type, from, step, data }, nothing = NaN) => {
  const text = atob(data);
  const bytes = new Uint8Array(text.length);
  for (let at = 0; at < text.length; at += 1) bytes[at] = text.charCodeAt(at);
  const Kind = { u1: Uint8Array, u2: Uint16Array, u4: Uint32Array, f8: Float64Array }[type];
  const last = type === "f8" ? NaN : 2 ** (8 * Kind.BYTES_PER_ELEMENT) - 1;
  const raw = new Kind(bytes.buffer);
  const found = new Float64Array(raw.length);
  for (let at = 0; at < raw.length; at += 1) found[at] = Object.is(raw[at], last) ? nothing : from + raw[at] * step;
  return found;
};
