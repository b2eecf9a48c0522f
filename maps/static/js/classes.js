// Counts to at most five classes of about equally many grids; zero stands for itself.
"use strict";

gridkeeper.classify = (counts, most = 5) => {
  const found = counts.filter((count) => count > 0).sort((a, b) => a - b);
  const distinct = [...new Set(found)];
  const uppers = distinct.length <= most
    ? distinct
    : [...new Set(Array.from({ length: most }, (_, turn) => found[Math.ceil((found.length * (turn + 1)) / most) - 1]))];
  const colours = gridkeeper.config.palette.sequential;
  const step = (rank) => (uppers.length > 1 ? Math.round((rank * (colours.length - 1)) / (uppers.length - 1)) : 2);
  const classes = uppers.map((upper, rank) => ({
    lower: rank === 0 ? distinct[0] : uppers[rank - 1] + 1,
    upper,
    colour: colours[step(rank)],
    grids: 0,
  }));
  const zero = { lower: 0, upper: 0, colour: gridkeeper.config.palette.none, grids: 0 };
  const all = [zero, ...classes];
  const of = (count = 0) => all.find((one) => count <= one.upper) ?? all[all.length - 1];
  counts.forEach((count) => { of(count).grids += 1; });
  return { all, of };
};
