// A small reader of Mapbox vector tiles (version 2): one layer's features with their points, lines or rings.
"use strict";

gridkeeper.mvt = (() => {
  const TEXT = new TextDecoder();

  class Reader {
    constructor(buffer) {
      this.bytes = new Uint8Array(buffer);
      this.view = new DataView(buffer);
      this.at = 0;
    }

    varint() {
      let value = 0;
      let factor = 1;
      for (;;) {
        const byte = this.bytes[this.at++];
        value += (byte & 127) * factor;
        if (byte < 128) return value;
        factor *= 128;
      }
    }

    /** Calls visit(field) for each field up to end; visit must read the value or call skip(type). */
    message(end, visit) {
      while (this.at < end) {
        const key = this.varint();
        visit(key >> 3, key & 7);
      }
    }

    block() {
      const length = this.varint();
      return this.at + length;
    }

    skip(type) {
      if (type === 0) this.varint();
      else if (type === 1) this.at += 8;
      else if (type === 2) this.at = this.block();
      else this.at += 4;
    }

    text() {
      const end = this.block();
      const value = TEXT.decode(this.bytes.subarray(this.at, end));
      this.at = end;
      return value;
    }

    packed() {
      const end = this.block();
      const values = [];
      while (this.at < end) values.push(this.varint());
      return values;
    }
  }

  const unzigzag = (value) => (value % 2 ? -(value + 1) / 2 : value / 2);

  function scalar(reader, end) {
    let value = null;
    reader.message(end, (field, type) => {
      if (field === 1) value = reader.text();
      else if (field === 2) { value = reader.view.getFloat32(reader.at, true); reader.at += 4; }
      else if (field === 3) { value = reader.view.getFloat64(reader.at, true); reader.at += 8; }
      else if (field === 4 || field === 5) value = reader.varint();
      else if (field === 6) value = unzigzag(reader.varint());
      else if (field === 7) value = reader.varint() === 1;
      else reader.skip(type);
    });
    return value;
  }

  function feature(reader, end) {
    const found = { id: null, type: 0, tags: [], commands: [] };
    reader.message(end, (field, type) => {
      if (field === 1) found.id = reader.varint();
      else if (field === 2) found.tags = reader.packed();
      else if (field === 3) found.type = reader.varint();
      else if (field === 4) found.commands = reader.packed();
      else reader.skip(type);
    });
    return found;
  }

  /** Drawing commands to lists of [x, y, x, y, …]; one list for each point, line or ring. */
  function shapes(commands) {
    const found = [];
    let x = 0;
    let y = 0;
    let at = 0;
    while (at < commands.length) {
      const command = commands[at] & 7;
      const times = commands[at] >> 3;
      at += 1;
      if (command === 7) continue;
      for (let turn = 0; turn < times; turn += 1) {
        x += unzigzag(commands[at++]);
        y += unzigzag(commands[at++]);
        if (command === 1) found.push([x, y]);
        else found[found.length - 1].push(x, y);
      }
    }
    return found;
  }

  function layer(reader, end) {
    const found = { name: "", extent: 4096, features: [] };
    const keys = [];
    const values = [];
    const raw = [];
    reader.message(end, (field, type) => {
      if (field === 1) found.name = reader.text();
      else if (field === 2) raw.push(feature(reader, reader.block()));
      else if (field === 3) keys.push(reader.text());
      else if (field === 4) values.push(scalar(reader, reader.block()));
      else if (field === 5) found.extent = reader.varint();
      else reader.skip(type);
    });
    for (const { id, type, tags, commands } of raw) {
      const properties = {};
      for (let at = 0; at < tags.length; at += 2) properties[keys[tags[at]]] = values[tags[at + 1]];
      found.features.push({ id, type, properties, shapes: shapes(commands) });
    }
    return found;
  }

  /** The layers of a tile: [{name, extent, features: [{id, type, properties, shapes}]}]. */
  return function read(buffer) {
    const reader = new Reader(buffer);
    const layers = [];
    reader.message(reader.bytes.length, (field, type) => {
      if (field === 3) layers.push(layer(reader, reader.block()));
      else reader.skip(type);
    });
    return layers;
  };
})();
