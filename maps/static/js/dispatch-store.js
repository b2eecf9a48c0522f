// All open cases of a city as columns: no object for each, so that a hundred thousand cost little. What passes the
// filters stands in order, the most pressing first.
"use strict";

gridkeeper.dispatchStore = () => {
  const { clock, mercator, config, unpacked } = gridkeeper;
  const COLUMNS = {
    no: Float64Array, x: Float64Array, y: Float64Array, lon: Float64Array, lat: Float64Array, due: Float64Array, rank: Float64Array, received: Float64Array,
    state: Int16Array, clock: Int16Array, matter: Int32Array, department: Int32Array, grid: Int32Array, staff: Int32Array,
    level: Uint8Array, urgent: Uint8Array, supervised: Uint8Array, kind: Uint8Array, revision: Int32Array,
  };
  // What stands for nothing in a column of an answer.
  const NOTHING = { due: Infinity, matter: -1, department: -1, grid: -1, staff: -1 };
  const col = {};
  const numbers = [];
  let rowOf = new Map();
  let free = [];
  /** Rows of open cases by their deadline; those that pass the filters, in the same order. */
  let order = new Uint32Array(0);
  let count = 0;
  let shown = new Uint32Array(0);
  let shownCount = 0;
  let counts = [];
  let passes = () => true;
  let wanted = new Set();
  let overdue = 0;

  /** A list of things with a code, and where each stands in it. */
  class Words {
    constructor(list, key) {
      this.key = key;
      this.list = [...list];
      this.index = new Map(this.list.map((one, at) => [key(one), at]));
    }

    at(one) {
      if (!one) return -1;
      const key = this.key(one);
      if (!this.index.has(key)) this.index.set(key, this.list.push(one) - 1);
      return this.index.get(key);
    }
  }

  const words = {};
  let areas = [];

  function learn(answer) {
    const name = (one) => one;
    words.state = new Words(answer.states, name);
    words.clock = new Words(answer.clocks, name);
    words.matter = new Words(answer.matters, (one) => `${one.standard ?? ""}:${one.code}`);
    words.department = new Words(answer.departments, (one) => one.code);
    words.grid = new Words(answer.grids, (one) => one.code);
    areas = answer.areas;
    words.staff = new Words(answer.staff, (one) => one.staff_no);
  }

  function makeRoom(rows) {
    for (const [name, Kind] of Object.entries(COLUMNS)) {
      const bigger = new Kind(rows);
      if (col[name]) bigger.set(col[name].subarray(0, Math.min(rows, col[name].length)));
      col[name] = bigger;
    }
    order = grown(order, rows);
    shown = grown(shown, rows);
  }

  function grown(array, rows) {
    const bigger = new Uint32Array(rows);
    bigger.set(array.subarray(0, Math.min(rows, array.length)));
    return bigger;
  }

  /** Take all cases from an answer of the service, which has them in order. */
  function load(answer) {
    const { columns, rows } = answer;
    learn(answer);
    makeRoom(Math.ceil(rows * 1.2) + 1000);
    numbers.length = 0;
    rowOf = new Map();
    free = [];
    for (const [name, column] of Object.entries(columns)) col[name === "number" ? "no" : name].set(unpacked(column, NOTHING[name]));
    for (let row = 0; row < rows; row += 1) {
      const number = String(col.no[row]);
      numbers.push(number);
      rowOf.set(number, row);
      col.rank[row] = rank(row);
      place(row);
      order[row] = row;
    }
    count = rows;
    if (!isSorted()) order.subarray(0, count).sort(before);
    refresh();
  }

  /** What no deadline can be found for is seen to first, like in the queue; what has none comes last. */
  const rank = (row) => (words.clock.list[col.clock[row]] === "beyond_calendar" ? -Infinity : col.due[row]);

  function isSorted() {
    for (let nth = 1; nth < count; nth += 1) if (before(order[nth - 1], order[nth]) > 0) return false;
    return true;
  }

  /** Where a row is in Web Mercator. */
  function place(row) {
    const [x, y] = mercator(col.lon[row], col.lat[row]);
    col.x[row] = x;
    col.y[row] = y;
  }

  /** By rank, then by number. */
  function before(a, b) {
    const one = col.rank[a];
    const other = col.rank[b];
    return one === other ? col.no[a] - col.no[b] : one < other ? -1 : 1;
  }

  /** Where a row belongs in the order. */
  function spot(row) {
    let [low, high] = [0, count];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (before(order[middle], row) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  function takeOut(row) {
    const at = order.subarray(0, count).indexOf(row);
    order.copyWithin(at, at + 1, count);
    count -= 1;
  }

  function putIn(row) {
    const at = spot(row);
    order.copyWithin(at + 1, at, count);
    order[at] = row;
    count += 1;
  }

  /** Take what happened to one case; whether it is new. */
  function apply(one, isOpen) {
    const known = rowOf.get(one.number);
    if (known !== undefined && one.revision < col.revision[known]) return false;
    if (known !== undefined) takeOut(known);
    if (isOpen) write(known ?? newRow(one.number), one);
    else if (known !== undefined) {
      rowOf.delete(one.number);
      free.push(known);
    }
    return isOpen && known === undefined;
  }

  function newRow(number) {
    const row = free.pop() ?? numbers.length;
    if (row >= order.length) makeRoom(Math.ceil(order.length * 1.5) + 1000);
    numbers[row] = number;
    rowOf.set(number, row);
    return row;
  }

  function write(row, one) {
    col.no[row] = Number(one.number);
    col.lon[row] = one.lon;
    col.lat[row] = one.lat;
    place(row);
    col.due[row] = one.due ?? Infinity;
    for (const name of Object.keys(words)) col[name][row] = words[name].at(one[name]);
    for (const name of ["level", "urgent", "supervised", "received", "revision"]) col[name][row] = one[name];
    col.rank[row] = rank(row);
    putIn(row);
  }

  /** Work out anew what is shown and how pressing each case is; whether any changed its kind. */
  function refresh() {
    const at = clock.now();
    const end = clock.dayEnd();
    const names = words.clock?.list ?? [];
    let changed = 0;
    [shownCount, overdue] = [0, 0];
    counts = clock.KINDS.map(() => 0);
    for (let nth = 0; nth < count; nth += 1) {
      const row = order[nth];
      const kind = clock.kindOf(names[col.clock[row]], col.due[row], at, end);
      if (kind !== col.kind[row]) changed += 1;
      col.kind[row] = kind;
      if (kind === clock.OVERDUE) overdue += 1;
      if (!passes(row)) continue;
      counts[kind] += 1;
      if (!wanted.size || wanted.has(kind)) shown[shownCount++] = row;
    }
    return changed > 0;
  }

  /** state, matter, department, grid: positions or null; area: its code; text; found: numbers of those that say it as well. */
  function filter({ state, matter, department, grid, area, text, found, kinds }) {
    wanted = kinds;
    const tests = [];
    for (const [name, at] of Object.entries({ state, matter, department, grid })) {
      if (at !== null) tests.push((row) => col[name][row] === at);
    }
    if (area) {
      const parents = new Map(areas.map((one) => [one.code, one.parent]));
      const lies = (code) => code === area || (parents.has(code) && lies(parents.get(code)));
      const inside = words.grid.list.map((one) => lies(one.area));
      tests.push((row) => inside[col.grid[row]] === true);
    }
    if (text) tests.push(saying(text, found));
    passes = (row) => tests.every((test) => test(row));
    refresh();
  }

  /** Whether a case says a text somewhere: each name is looked at once, not for each case. */
  function saying(text, found) {
    const sought = text.toLowerCase();
    const says = (one) => ["code", "name", "staff_no", config.lang].some((key) => one[key]?.toLowerCase().includes(sought));
    const hits = ["matter", "department", "grid", "staff"].map((name) => [col[name], words[name].list.map(says)]);
    return (row) => found.has(numbers[row]) || numbers[row].includes(sought) || hits.some(([column, hit]) => hit[column[row]] === true);
  }

  /** Rows of open cases within some metres of a place, of one matter if given, the nearest first. */
  function near(lon, lat, { within_m, matter = -1, since = 0 }) {
    const east = Math.cos((lat * Math.PI) / 180) * 111320;
    const away = (row) => Math.hypot((col.lon[row] - lon) * east, (col.lat[row] - lat) * 110574);
    const rows = [...order.subarray(0, count)].filter(
      (row) => (matter < 0 || col.matter[row] === matter) && col.received[row] >= since && away(row) <= within_m,
    );
    return rows.map((row) => ({ row, number: numbers[row], metres: away(row) })).sort((a, b) => a.metres - b.metres);
  }

  return {
    col, words, load, apply, refresh, filter, near,
    number: (row) => numbers[row],
    row: (number) => rowOf.get(number),
    word: (name, row) => words[name].list[col[name][row]] ?? null,
    get shown() { return shown.subarray(0, shownCount); },
    get areas() { return areas; },
    get counts() { return counts; },
    get size() { return count; },
    get overdue() { return overdue; },
  };
};
