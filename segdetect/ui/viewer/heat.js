// The heat layer: scores as colours, painted here, so that it follows a threshold while it is dragged.
const palettes = new Map();

/** `(256)` RGB triples from the hex digits that Python sent. */
function paletteOf(hex) {
  if (!palettes.has(hex)) {
    palettes.set(hex, Uint8Array.from(hex.match(/../g), (digits) => Number.parseInt(digits, 16)));
  }
  return palettes.get(hex);
}

/** Where on the scale a score lies, 0..1: straight between the marks, the ends' beyond them. */
function placeOf(score, scores, places) {
  const above = scores.findIndex((mark) => score < mark);
  if (above === 0) return places[0];
  if (above < 0) return places.at(-1);
  const share = (score - scores[above - 1]) / (scores[above] - scores[above - 1]);
  return places[above - 1] + share * (places[above] - places[above - 1]);
}

/** The marks of a scale in scores: shares of the threshold where it is tied to one. */
function marksOfScale({ marks, tied }, threshold) {
  return tied && threshold > 0 ? marks.map((mark) => (mark / tied) * threshold) : marks;
}

/** Paint scores as a small picture, a pixel for each; what has none stays clear. */
function paintHeat(canvas, { rows, cols, values }, heat, threshold) {
  canvas.width = cols;
  canvas.height = rows;
  const context = canvas.getContext("2d");
  const pixels = context.createImageData(cols, rows);
  const palette = paletteOf(heat.palette);
  const marks = marksOfScale(heat, threshold);
  for (let i = 0; i < rows * cols; i += 1) {
    const score = values[i];
    if (score === null || Number.isNaN(score)) continue;
    const level = 3 * Math.round(255 * placeOf(score, marks, heat.places));
    pixels.data.set([palette[level], palette[level + 1], palette[level + 2], 255], 4 * i);
  }
  context.putImageData(pixels, 0, 0);
  return canvas;
}

/** A few of the colours, from the lowest place to the highest, as CSS. */
function rampOf(hex) {
  const palette = paletteOf(hex);
  return Array.from({ length: 18 }, (_, i) => `rgb(${[...palette.subarray(45 * i, 45 * i + 3)].join()})`);
}
