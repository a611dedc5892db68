// Another grid's scores from the map of cells: the same formula as segdetect/scoring/pooling.py, so that a grid can be looked at
// while its handle is dragged, before the server has been asked.
const POINTS_PER_CELL = 4;
const LEAST_POINTS = 8;
const LEAST_LEFT = 0.1;
const IGNORED = -Infinity;

/** Left and right of each of so many parts, which differ by a pixel at most. */
function evenEdges(length, parts) {
  const edge = (at) => Math.floor((at * length) / parts);
  return Array.from({ length: parts }, (_, part) => [edge(part), edge(part + 1)]);
}

/** Round as Python does: halves to the even neighbour. */
function halfToEven(value) {
  const below = Math.floor(value);
  if (value - below !== 0.5) return Math.round(value);
  return below % 2 ? below + 1 : below;
}

/** Places spread evenly over each part along one axis, with the two cells between whose centres each lies. */
function pointsAlong(edges, cells, length) {
  const per = cells / length;
  const longest = Math.max(...edges.map(([from, to]) => to - from));
  const count = Math.max(LEAST_POINTS, halfToEven(POINTS_PER_CELL * longest * per));
  const parts = Array.from({ length: count }, (_, i) => (i + 0.5) / count);
  const points = edges.flatMap(([from, to]) => parts.map((part) => between((from + part * (to - from)) * per, cells)));
  return { count, points };
}

function between(point, cells) {
  const at = clamp(point - 0.5, 0, cells - 1);
  const low = Math.floor(at);
  return { own: Math.floor(point), low, high: Math.min(low + 1, cells - 1), share: at - low };
}

const blend = (values, { low, high, share }) => (1 - share) * values[low] + share * values[high];

/** The map at points of one axis across its rows: sums and weights of the cells with a value. */
function blendedRow({ values, cols }, y) {
  const row = (at) => values.subarray(at * cols, (at + 1) * cols);
  const [upper, lower] = [row(y.low), row(y.high)];
  const sums = new Float64Array(cols);
  const weights = new Float64Array(cols);
  for (const [cells, weight] of [[upper, 1 - y.share], [lower, y.share]]) {
    for (let col = 0; col < cols; col += 1) {
      if (Number.isNaN(cells[col])) continue;
      sums[col] += weight * cells[col];
      weights[col] += weight;
    }
  }
  return { sums, weights, own: row(y.own) };
}

/** The map at all points, row by row; those in cells without a value are ignored. */
function interpolated(map, ys, xs) {
  const fine = new Float32Array(ys.length * xs.length);
  ys.forEach((y, i) => {
    const { sums, weights, own } = blendedRow(map, y);
    xs.forEach((x, j) => {
      fine[i * xs.length + j] = Number.isNaN(own[x.own]) ? IGNORED : blend(sums, x) / blend(weights, x);
    });
  });
  return fine;
}

/** Mean of the highest share of a tile's points, which it moves; null where at most a tenth of them counts. */
function topMean(points, share) {
  const counted = points.includes(IGNORED) ? points.filter((point) => point !== IGNORED) : points;
  if (counted.length <= LEAST_LEFT * points.length) return null;
  const top = highest(counted, Math.max(1, halfToEven(share * counted.length)));
  return top.reduce((sum, value) => sum + value, 0) / top.length;
}

/** So many of the highest values, by Hoare's selection: to sort them all would take most of a frame. Moves the values. */
function highest(values, count) {
  const first = values.length - count;
  let [from, to] = [0, values.length - 1];
  while (from < to) {
    const pivot = values[first];
    let [i, j] = [from, to];
    while (i <= j) {
      while (values[i] < pivot) i += 1;
      while (values[j] > pivot) j -= 1;
      if (i > j) break;
      const value = values[i];
      values[i] = values[j];
      values[j] = value;
      i += 1;
      j -= 1;
    }
    if (j < first) from = i;
    if (i > first) to = j;
  }
  return values.subarray(first);
}

/** Scores of tiles, row by row, from a map `{rows, cols, values}` that covers a picture of this size. */
function pooledScores(map, [width, height], [across, down], share) {
  const ys = pointsAlong(down, map.rows, height);
  const xs = pointsAlong(across, map.cols, width);
  const fine = interpolated(map, ys.points, xs.points);
  const points = new Float32Array(ys.count * xs.count);
  return down.flatMap((_, row) => across.map((__, col) => {
    for (let i = 0; i < ys.count; i += 1) {
      const start = (row * ys.count + i) * xs.points.length + col * xs.count;
      points.set(fine.subarray(start, start + xs.count), i * xs.count);
    }
    return topMean(points, share);
  }));
}

/** 1 for the highest score; equal ones in the tiles' order, those without a score last. */
function ranksOf(scores) {
  const order = [...scores.keys()].sort((a, b) => (scores[b] ?? -1) - (scores[a] ?? -1) || a - b);
  const ranks = Array(scores.length);
  order.forEach((tile, at) => { ranks[tile] = at + 1; });
  return ranks;
}

/** A pane's data as another grid would have it, with what does not depend on the grid; flags go by the threshold as it is. */
function regridded(data, map, parts) {
  const [width, height] = data.size;
  const edges = [evenEdges(width, parts), evenEdges(height, parts)];
  const scores = pooledScores(map, data.size, edges, data.pool.share);
  const { threshold } = data;
  const flagged = [...scores.keys()].filter((tile) => threshold !== null && scores[tile] !== null && scores[tile] >= threshold);
  const unknown = { marks: [], by_other: null, nearest: [], similar: [] };
  return { ...data, edges, scores, ranks: ranksOf(scores), flagged, ...unknown };
}
