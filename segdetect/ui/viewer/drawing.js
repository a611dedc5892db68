// What is drawn: the picture, the heat over it, and lines whose width is in screen pixels at every zoom.
const INK = "#111214";
const HALO = "rgba(8, 9, 11, 0.82)";
// Insets differ, so that a tile that is several things at once shows all of them, one line within the other.
const ROLES = {
  flagged: { name: "Flagged", colour: "rgb(255, 92, 40)", width: 2.5, dash: [], inset: 1.5 },
  second: { name: "Flagged by one engine alone", colour: "rgb(255, 92, 40)", width: 2.5, dash: [6, 5], inset: 1.5 },
  picked: { name: "Picked", colour: "rgb(203, 166, 255)", width: 3, dash: [3, 3], inset: -0.5 },
  selected: { name: "Selected", colour: "rgb(255, 255, 255)", width: 3, dash: [], inset: -2.5 },
  lookalike: { name: "Look-alike", colour: "rgb(110, 196, 255)", width: 2.5, dash: [8, 5], inset: 5 },
  candidate: { name: "Candidate", colour: "rgb(240, 228, 66)", width: 2.5, dash: [2.5, 4], inset: 5 },
  "only-right": { name: "Only right", colour: "rgb(64, 224, 168)", width: 2.5, dash: [14, 4], inset: 5, sign: "R" },
  "only-left": { name: "Only left", colour: "rgb(232, 160, 220)", width: 2.5, dash: [12, 4, 2, 4], inset: 5, sign: "L" },
  unscored: { name: "Not scored", colour: "rgb(150, 150, 158)", width: 1.5, dash: [], inset: 0, hatched: true },
  truth: { name: "True defect", colour: "rgb(198, 255, 120)", width: 2, dash: [4, 3], inset: 0 },
};
const LABEL_FONT = "600 11px system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif";
const LABEL_HEIGHT = 16;
const PIXELATED_FROM = 2;
// Tiles narrower than this on the screen would be hidden by their own boundaries.
const SMALLEST_GRIDDED_TILE = 5;
// Below this side on the screen, lines get thinner, to leave something of the tile to be seen.
const FULL_LINE_FROM = 36;

/** Match a canvas to its stage, in device pixels; returns its context, scaled to screen pixels and empty. */
function prepare(canvas, stage) {
  const ratio = globalThis.devicePixelRatio || 1;
  const width = Math.max(1, Math.round(stage.width * ratio));
  const height = Math.max(1, Math.round(stage.height * ratio));
  if (canvas.width !== width || canvas.height !== height) {
    canvas.width = width;
    canvas.height = height;
  }
  const context = canvas.getContext("2d");
  context.setTransform(ratio, 0, 0, ratio, 0, 0);
  context.clearRect(0, 0, stage.width, stage.height);
  return context;
}

/** Draw a bitmap where the picture lies. Smoothing stops where single pixels are meant to be seen. */
function drawBitmap(canvas, stage, bitmap, size, place, smooth) {
  const context = prepare(canvas, stage);
  if (!bitmap) return;
  const width = size[0] * place.scale;
  const height = size[1] * place.scale;
  context.imageSmoothingEnabled = smooth ?? width / bitmap.width < PIXELATED_FROM;
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, place.x, place.y, width, height);
}

/** A picture box on the stage, on whole screen pixels, its sides moved inwards: less so where the box is small. */
function onStage([left, top, right, bottom], place, inset = 0) {
  const x = Math.round(place.x + left * place.scale);
  const y = Math.round(place.y + top * place.scale);
  const width = Math.round(place.x + right * place.scale) - x;
  const height = Math.round(place.y + bottom * place.scale) - y;
  const by = inset * Math.min(1, Math.min(width, height) / FULL_LINE_FROM);
  return { x: x + by, y: y + by, width: Math.max(3, width - 2 * by), height: Math.max(3, height - 2 * by) };
}

function visible(box, stage) {
  return box.x < stage.width + 8 && box.y < stage.height + 8 && box.x + box.width > -8 && box.y + box.height > -8;
}

/** An outline with a dark line on both sides of it, so that it shows on any picture. */
function outline(context, stage, box, role) {
  if (!visible(box, stage)) return;
  const width = role.width * clamp(Math.min(box.width, box.height) / FULL_LINE_FROM, 0.65, 1);
  context.lineJoin = "round";
  context.setLineDash([]);
  context.strokeStyle = HALO;
  context.lineWidth = 2.2 * width;
  context.strokeRect(box.x, box.y, box.width, box.height);
  context.setLineDash(role.dash);
  context.strokeStyle = role.colour;
  context.lineWidth = width;
  context.strokeRect(box.x, box.y, box.width, box.height);
  context.setLineDash([]);
}

/** Slanted lines over a box that was not looked at. */
function hatch(context, stage, box, role) {
  if (!visible(box, stage)) return;
  context.save();
  context.beginPath();
  context.rect(box.x, box.y, box.width, box.height);
  context.clip();
  context.beginPath();
  for (let x = box.x - box.height; x < box.x + box.width; x += 10) {
    context.moveTo(x, box.y + box.height);
    context.lineTo(x + box.height, box.y);
  }
  context.strokeStyle = role.colour;
  context.lineWidth = role.width;
  context.stroke();
  context.restore();
}

/** Closed lines, over the middles of the picture's pixels, with a dark line on both sides. */
function drawTruth(context, lines, place) {
  const { colour, width, dash } = ROLES.truth;
  context.beginPath();
  for (const line of lines) {
    const points = line.map(([x, y]) => [place.x + (x + 0.5) * place.scale, place.y + (y + 0.5) * place.scale]);
    context.moveTo(...points[0]);
    for (const point of points.slice(1)) context.lineTo(...point);
    context.closePath();
  }
  context.lineJoin = "round";
  context.strokeStyle = HALO;
  context.lineWidth = 2.2 * width;
  context.stroke();
  context.strokeStyle = colour;
  context.lineWidth = width;
  context.setLineDash(dash);
  context.stroke();
  context.setLineDash([]);
}

const labelWidths = new Map();
let labelFont = "";

/** Set the font of labels where it is not set yet: to have it found takes half of a frame's time. */
function useLabelFont(context) {
  Object.assign(context, { textBaseline: "middle", textAlign: "center" });
  if (context.font === labelFont) return;
  context.font = LABEL_FONT;
  labelFont = context.font;
}

/** How wide a label is in its font, which is set already. */
function labelWidth(context, text) {
  if (!labelWidths.has(text)) labelWidths.set(text, Math.ceil(context.measureText(text).width) + 8);
  return labelWidths.get(text);
}

/** A few characters in a corner of a box, where there is room for them. */
function label(context, box, text, role, corner = "left") {
  if (!text) return;
  const width = labelWidth(context, text);
  if (width > box.width - 2 || LABEL_HEIGHT > box.height - 2) return;
  const x = corner === "left" ? box.x : box.x + box.width - width;
  const y = corner === "left" ? box.y : box.y + box.height - LABEL_HEIGHT;
  context.fillStyle = HALO;
  context.fillRect(x - 1.5, y - 1.5, width + 3, LABEL_HEIGHT + 3);
  context.fillStyle = role.colour;
  context.fillRect(x, y, width, LABEL_HEIGHT);
  context.fillStyle = INK;
  context.fillText(text, x + width / 2, y + LABEL_HEIGHT / 2 + 0.5);
}

/** The boundaries between tiles: a light and a dark hairline side by side. */
function drawGrid(context, stage, tiles, place) {
  if (tiles.count === 0) return;
  const bounds = (sides) => [...sides.map(([from]) => from), sides.at(-1)[1]];
  const xs = bounds(tiles.across).map((x) => Math.round(place.x + x * place.scale) + 0.5);
  const ys = bounds(tiles.down).map((y) => Math.round(place.y + y * place.scale) + 0.5);
  if (xs[1] - xs[0] < SMALLEST_GRIDDED_TILE || ys[1] - ys[0] < SMALLEST_GRIDDED_TILE) return;
  context.lineWidth = 1;
  for (const [shift, colour] of [[1, "rgba(0, 0, 0, 0.35)"], [0, "rgba(255, 255, 255, 0.42)"]]) {
    context.beginPath();
    for (const x of xs) {
      if (x < -2 || x > stage.width + 2) continue;
      context.moveTo(x + shift, Math.max(ys[0], 0));
      context.lineTo(x + shift, Math.min(ys.at(-1), stage.height));
    }
    for (const y of ys) {
      if (y < -2 || y > stage.height + 2) continue;
      context.moveTo(Math.max(xs[0], 0), y + shift);
      context.lineTo(Math.min(xs.at(-1), stage.width), y + shift);
    }
    context.strokeStyle = colour;
    context.stroke();
  }
}

/** Everything that is lines and labels on one pane. */
function drawLines(canvas, stage, pane, place, { looks, selected, hovered, band, draft }) {
  const context = prepare(canvas, stage);
  const { tiles } = pane;
  const all = marksOf(pane, { alike: looks.alike, hovered, selected });
  const marks = all.filter(({ role }) => looks.outlines || role === ROLES.lookalike);
  if (looks.grid) drawGrid(context, stage, tiles, place);
  if (looks.outlines) drawTruth(context, pane.data.truth, place);
  for (const mark of marks) {
    (mark.role.hatched ? hatch : outline)(context, stage, onStage(mark.box, place, mark.role.inset), mark.role);
  }
  if (hovered >= 0) outlineHovered(context, onStage(tiles.box(hovered), place, -2));
  const current = selected.at(-1);
  for (const tile of selected) {
    const role = tile === current ? ROLES.selected : ROLES.picked;
    outline(context, stage, onStage(tiles.box(tile), place, role.inset), role);
  }
  if (looks.labels && tiles.side() * place.scale >= LEAST_LABELLED) {
    useLabelFont(context);
    for (const mark of marks) label(context, onStage(mark.box, place, mark.role.inset + 1), mark.text, mark.role, mark.corner);
  }
  if (band) drawBand(context, band);
  if (draft) draft(context);
}

function outlineHovered(context, box) {
  context.lineWidth = 3;
  context.strokeStyle = "rgba(0, 0, 0, 0.6)";
  context.strokeRect(box.x, box.y, box.width, box.height);
  context.lineWidth = 1.25;
  context.strokeStyle = "rgba(255, 255, 255, 0.95)";
  context.strokeRect(box.x, box.y, box.width, box.height);
}

function drawBand(context, { x0, y0, x1, y1 }) {
  const box = [Math.min(x0, x1), Math.min(y0, y1), Math.abs(x1 - x0), Math.abs(y1 - y0)];
  context.fillStyle = "rgba(255, 255, 255, 0.16)";
  context.fillRect(...box);
  context.lineWidth = 3;
  context.strokeStyle = HALO;
  context.strokeRect(...box);
  context.lineWidth = 1.25;
  context.setLineDash([5, 4]);
  context.strokeStyle = "white";
  context.strokeRect(...box);
  context.setLineDash([]);
}
