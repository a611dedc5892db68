// Where things are: tiles in rows and columns, the picture on the stage, and what is remembered between mounts.
const MAX_SCREEN_PER_PIXEL = 32;
const MIN_MAX_ZOOM = 8;
// Room around the whole picture, for outlines of tiles at its edge.
const MARGIN = 5;

const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

// ---- numbers -------------------------------------------------------------------------------------------------------

/** Writes numbers as the reader does, in the digits that the rest of the page uses. */
function numberFormat(options) {
  const latin = { ...options, numberingSystem: "latn" };
  try {
    return new Intl.NumberFormat(navigator.language, latin);
  } catch {
    // Some systems name a locale that is none, such as en-US@posix.
    return new Intl.NumberFormat("en", latin);
  }
}

// ---- tiles ---------------------------------------------------------------------------------------------------------

/** Tiles of one pane, in rows and columns, with the questions that are asked of them. */
class Tiles {
  constructor(pane) {
    [this.across, this.down] = pane.edges;
    this.cols = this.across.length;
    this.count = this.cols * this.down.length;
    this.scores = pane.scores;
    this.ranks = pane.ranks;
    this.answered = new Set(pane.flagged);
    this.flagAsAnswered();
    const digits = this.scores.some((score) => Math.abs(score) >= 100) ? 1 : 3;
    this.score = numberFormat({ minimumFractionDigits: digits, maximumFractionDigits: digits });
  }

  /** Flag what the answer flags. */
  flagAsAnswered() {
    this.tried = false;
    this.flagged = this.answered;
  }

  /** Flag every tile that scores at least this. */
  flagFrom(threshold) {
    this.tried = true;
    this.flagged = new Set(this.scores.flatMap((score, tile) => (score !== null && score >= threshold ? [tile] : [])));
  }

  /** The shorter side of a tile, in picture pixels. */
  side() {
    const length = ([from, to]) => to - from;
    return this.count ? Math.min(length(this.across[0]), length(this.down[0])) : Infinity;
  }

  row(tile) {
    return Math.floor(tile / this.cols);
  }

  col(tile) {
    return tile % this.cols;
  }

  /** Where a tile lies, as people count: from 1. */
  place(tile) {
    return `row ${this.row(tile) + 1}, col ${this.col(tile) + 1}`;
  }

  /** Left, top, right and bottom in picture pixels. */
  box(tile) {
    const [left, right] = this.across[this.col(tile)];
    const [top, bottom] = this.down[this.row(tile)];
    return [left, top, right, bottom];
  }

  /** The tile at a place in picture pixels; -1 for none. */
  at(x, y) {
    const holds = (value) => ([from, to]) => value >= from && value < to;
    const col = this.across.findIndex(holds(x));
    const row = this.down.findIndex(holds(y));
    return col < 0 || row < 0 ? -1 : row * this.cols + col;
  }

  /** Tiles that a rectangle in picture pixels touches. */
  within([x0, y0, x1, y1]) {
    const found = [];
    for (let tile = 0; tile < this.count; tile += 1) {
      const [left, top, right, bottom] = this.box(tile);
      if (left < x1 && right > x0 && top < y1 && bottom > y0) found.push(tile);
    }
    return found;
  }

  /** How far a score is from a threshold: of the figures as they are shown, so that whoever subtracts finds it. */
  gap(tile, threshold) {
    const { maximumFractionDigits: digits } = this.score.resolvedOptions();
    return Math.abs(this.scores[tile].toFixed(digits) - threshold.toFixed(digits));
  }

  /** The neighbour in a direction; the tile itself at the edge. */
  neighbour(tile, dx, dy) {
    const col = clamp(this.col(tile) + dx, 0, this.cols - 1);
    const row = clamp(this.row(tile) + dy, 0, this.down.length - 1);
    return row * this.cols + col;
  }

  /** All tiles, or the flagged ones, the most anomalous first. */
  ranked(flaggedOnly) {
    const scored = (tile) => this.scores[tile] !== null;
    const tiles = flaggedOnly ? [...this.flagged] : [...Array(this.count).keys()].filter(scored);
    return tiles.sort((a, b) => (this.ranks[a] ?? a) - (this.ranks[b] ?? b));
  }

  /** Flagged tiles that touch, if only in a corner, each group with its strongest first; the strongest group first. */
  segments() {
    const left = new Set(this.flagged);
    return this.ranked(true).flatMap((tile) => (left.has(tile) ? [this.touching(tile, left)] : []));
  }

  touching(tile, left) {
    left.delete(tile);
    const found = [tile];
    for (const one of found) {
      for (const other of left) {
        if (Math.abs(this.row(one) - this.row(other)) > 1 || Math.abs(this.col(one) - this.col(other)) > 1) continue;
        left.delete(other);
        found.push(other);
      }
    }
    return found;
  }

  /** The box around tiles. */
  around(tiles) {
    const boxes = tiles.map((tile) => this.box(tile));
    const [left, top] = [0, 1].map((side) => Math.min(...boxes.map((box) => box[side])));
    const [right, bottom] = [2, 3].map((side) => Math.max(...boxes.map((box) => box[side])));
    return [left, top, right, bottom];
  }

  /** The facts about a tile, in the order in which they are said and shown. */
  facts(tile, { column = "col", of = false } = {}) {
    const facts = [`Row ${this.row(tile) + 1}, ${column} ${this.col(tile) + 1}`];
    if (this.scores.length && this.scores[tile] === null) return [...facts, "not scored"];
    if (this.scores.length) facts.push(`score ${this.score.format(this.scores[tile])}`);
    if (this.ranks.length) facts.push(`rank ${this.ranks[tile]}${of ? ` of ${this.ranked(false).length}` : ""}`);
    if (this.flagged.has(tile)) facts.push("flagged");
    return facts;
  }
}

// ---- the picture on the stage --------------------------------------------------------------------------------------

/** Largest zoom for a picture: every pixel can be made at least 32 screen pixels wide. */
function maxZoom(fit) {
  return Math.max(MIN_MAX_ZOOM, MAX_SCREEN_PER_PIXEL / fit);
}

/** Screen pixels per picture pixel at which the whole picture fits on the stage. */
function fitScale([width, height], stage) {
  const room = (length) => Math.max(1, length - 2 * MARGIN);
  return Math.min(room(stage.width) / width, room(stage.height) / height);
}

/** Where the picture lies: `scale` in screen per picture pixels, `x`, `y` of its corner on the stage. */
function placement(size, stage, view) {
  const scale = fitScale(size, stage) * view.zoom;
  const corner = (length, room, centre) => {
    const drawn = length * scale;
    if (drawn <= room - 2 * MARGIN) return (room - drawn) / 2;
    return clamp(room / 2 - centre * drawn, room - MARGIN - drawn, MARGIN);
  };
  return { scale, x: corner(size[0], stage.width, view.u), y: corner(size[1], stage.height, view.v) };
}

/** The view as it is drawn on a stage: its centre drawn back to where the picture covers the stage. */
function settled(size, stage, view) {
  const { scale, x, y } = placement(size, stage, view);
  return {
    zoom: view.zoom,
    u: (stage.width / 2 - x) / (size[0] * scale),
    v: (stage.height / 2 - y) / (size[1] * scale),
  };
}

/** The view at another zoom that keeps a place of the stage where it is. */
function zoomedAt(size, stage, view, zoom, at) {
  const now = placement(size, stage, view);
  const next = clamp(zoom, 1, maxZoom(fitScale(size, stage)));
  const scale = fitScale(size, stage) * next;
  const centre = (place, corner, room, length) => ((place - corner) / now.scale + (room / 2 - place) / scale) / length;
  return settled(size, stage, {
    zoom: next,
    u: centre(at.x, now.x, stage.width, size[0]),
    v: centre(at.y, now.y, stage.height, size[1]),
  });
}

// ---- memory --------------------------------------------------------------------------------------------------------

const remembered = new Map();
const STORE = "segdetect.viewer.";

/** What was kept under a key: in this module while the page lives, in the session storage when it is loaded again. */
function recall(key) {
  if (!remembered.has(key)) {
    let kept = null;
    try {
      kept = JSON.parse(sessionStorage.getItem(STORE + key));
    } catch {
      // Storage may be switched off, or hold something else; then nothing is remembered.
    }
    if (kept && typeof kept === "object") remembered.set(key, kept);
  }
  return remembered.get(key) ?? null;
}

function keep(key, value) {
  remembered.set(key, value);
  try {
    sessionStorage.setItem(STORE + key, JSON.stringify(value));
  } catch {
    // Storage switched off or full: it is still remembered while the page lives.
  }
}
