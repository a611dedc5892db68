// Regions to ignore, painted on the first picture: tools, undo and redo, and what is told to Python.
const SEND_MS = 500;
const FIRST_BRUSH = 0.06;
const STEP = 0.01;
const LEAST_SIDE = 0.005;
const CLOSE_PX = 12;
const TOOL_KEYS = { r: RECTANGLE, g: POLYGON, b: BRUSH, e: ERASER };
const HINTS = {
  [RECTANGLE]: "Drag over what is to be ignored.",
  [POLYGON]: "Click corner after corner, and the first one again.",
  [BRUSH]: "Drag over what is to be ignored.",
  [ERASER]: "Drag over what is to be looked at again.",
};
const KEYS = {
  [RECTANGLE]: "R starts one for the keys: arrows move it, with Shift they size it, Enter keeps it, Escape drops it.",
  [POLYGON]: "Enter closes it, Backspace takes a corner back.",
  [BRUSH]: "Square brackets change its size.",
  [ERASER]: "Square brackets change its size.",
};

class PaintBoard {
  constructor(viewer) {
    this.viewer = viewer;
    this.on = false;
    this.tool = RECTANGLE;
    this.size = FIRST_BRUSH;
    this.mask = null;
    this.base = null;
    this.done = [];
    this.undone = [];
    this.draft = null;
    this.version = null;
    this.sequence = 0;
  }

  get pane() {
    return this.viewer.panes[0];
  }

  get can() {
    return Boolean(this.viewer.data?.painting);
  }

  // ---- data from Python --------------------------------------------------------------------------------------------

  /** Take over what Python says is ignored, unless it is the person's own painting that comes back. */
  async adopt({ painting }) {
    if (!painting) return;
    const { size, ignored, id } = this.pane.data;
    const version = `${painting.version} ${id} ${size}`;
    const own = /^\d+$/.test(painting.version) && Number(painting.version) <= this.sequence && this.at === `${id} ${size}`;
    if (own || version === this.version) {
      this.version = version;
      return;
    }
    this.version = version;
    this.at = `${id} ${size}`;
    this.sequence = 0;
    const bitmap = ignored ? await bitmapOf(ignored) : null;
    if (this.version !== version) return;
    const [width, height] = maskSize(size, painting.most);
    this.mask = Object.assign(document.createElement("canvas"), { width, height });
    this.base = bitmap;
    this.done = [];
    this.undone = [];
    this.draft = null;
    this.redraw();
  }

  // ---- the mask ----------------------------------------------------------------------------------------------------

  redraw() {
    const context = this.mask.getContext("2d");
    context.globalCompositeOperation = "source-over";
    context.imageSmoothingEnabled = false;
    context.clearRect(0, 0, this.mask.width, this.mask.height);
    if (this.base) context.drawImage(this.base, 0, 0, this.mask.width, this.mask.height);
    for (const shape of this.done) {
      if (shape.kind === "clear") context.clearRect(0, 0, this.mask.width, this.mask.height);
      else putShape(context, shape);
    }
    this.share = paintedShare(this.mask);
    refreshPainting(this.viewer);
    this.viewer.draw();
  }

  add(shape) {
    this.done.push(shape);
    this.undone = [];
    this.changed();
  }

  undo() {
    if (this.draft) return this.drop();
    if (!this.done.length) return;
    this.undone.push(this.done.pop());
    this.changed();
  }

  redo() {
    if (!this.undone.length) return;
    this.done.push(this.undone.pop());
    this.changed();
  }

  clear() {
    this.draft = null;
    if (this.share > 0) this.add({ kind: "clear" });
  }

  changed() {
    this.redraw();
    this.sequence = Math.max(Date.now(), this.sequence + 1);
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.tell(), SEND_MS);
    this.say(`${percentOf(this.share)} of the picture is ignored`);
  }

  tell() {
    this.viewer.send("ignore", { png: maskPng(this.mask), sequence: this.sequence });
  }

  say(text) {
    this.viewer.root.querySelector('[role="status"]').textContent = text;
  }

  // ---- tools -------------------------------------------------------------------------------------------------------

  toggle(on = !this.on) {
    if (!this.can || !this.mask) return;
    this.on = on;
    this.draft = null;
    this.viewer.setBand(null);
    refreshPainting(this.viewer);
    this.viewer.measure();
    this.pane.stage.focus({ preventScroll: true });
    this.say(on ? `Painting regions to ignore. ${HINTS[this.tool]} ${KEYS[this.tool]}` : "Painting has ended");
  }

  choose(tool) {
    this.tool = tool;
    this.draft = null;
    refreshPainting(this.viewer);
    this.viewer.draw();
    this.say(`${HINTS[tool]} ${KEYS[tool]}`);
  }

  resize(size) {
    this.size = clamp(size, 0.01, 0.4);
    refreshPainting(this.viewer);
    this.viewer.draw();
  }

  point(at) {
    const { u, v } = this.pane.shareAt(at);
    return { u: clamp(u, 0, 1), v: clamp(v, 0, 1) };
  }

  // ---- mouse and touch ---------------------------------------------------------------------------------------------

  begin(at) {
    const point = this.point(at);
    if (this.tool === POLYGON) return;
    const points = this.tool === RECTANGLE ? [point, point] : [point];
    this.draft = { kind: this.tool, points, size: this.size };
    this.viewer.draw();
  }

  move(at) {
    if (this.tool === POLYGON || !this.draft) return;
    const point = this.point(at);
    if (this.tool === RECTANGLE) this.draft.points[1] = point;
    else this.draft.points.push(point);
    this.viewer.draw();
  }

  end(at, moved) {
    if (this.tool === POLYGON) {
      if (!moved) this.corner(at);
      return;
    }
    const { draft } = this;
    if (!draft) return;
    this.draft = null;
    if (this.tool !== RECTANGLE || moved) this.add(draft);
    else this.viewer.draw();
  }

  corner(at) {
    const points = this.draft?.points ?? [];
    const place = this.pane.place();
    const [width, height] = this.pane.data.size;
    const near = (point) => {
      const x = place.x + point.u * width * place.scale;
      const y = place.y + point.v * height * place.scale;
      return Math.hypot(x - at.x, y - at.y) < CLOSE_PX;
    };
    if (points.length > 2 && near(points[0])) return this.keep();
    if (points.length && near(points.at(-1))) return;
    this.draft = { kind: POLYGON, points: [...points, this.point(at)], size: this.size };
    this.viewer.draw();
    this.say(`${this.draft.points.length} corners`);
  }

  drop() {
    this.draft = null;
    this.viewer.draw();
  }

  /** Make what is being drawn part of the mask. */
  keep() {
    const { draft } = this;
    this.draft = null;
    if (draft && (draft.kind !== POLYGON || draft.points.length > 2)) this.add(draft);
    else this.viewer.draw();
  }

  // ---- keys --------------------------------------------------------------------------------------------------------

  /** What a key does while regions are painted; false where it is not one of these. */
  press(event) {
    const key = event.key.toLowerCase();
    if (event.altKey) return false;
    if (event.ctrlKey || event.metaKey) {
      if (key === "z") event.shiftKey ? this.redo() : this.undo();
      else if (key === "y") this.redo();
      else return false;
      return true;
    }
    if (TOOL_KEYS[key]) {
      this.choose(TOOL_KEYS[key]);
      if (key === "r") this.startRectangle();
      return true;
    }
    const arrow = ARROWS[event.key];
    if (arrow) return this.nudge(...arrow, event.shiftKey);
    const keys = {
      "[": () => this.resize(this.size / 1.25),
      "]": () => this.resize(this.size * 1.25),
      u: () => this.undo(),
      y: () => this.redo(),
      enter: () => this.keep(),
      backspace: () => this.takeBack(),
      escape: () => (this.draft ? this.drop() : this.toggle(false)),
    };
    if (!keys[key]) return false;
    keys[key]();
    return true;
  }

  /** A rectangle for the keys: over the selected tile, else in the middle of what is seen. */
  startRectangle() {
    const [width, height] = this.pane.data.size;
    const tile = this.viewer.shownIn(this.pane).at(-1);
    const { u, v, zoom } = this.viewer.view;
    const half = 0.1 / zoom;
    const [left, top, right, bottom] = tile === undefined
      ? [u - half, v - half, u + half, v + half]
      : this.pane.tiles.box(tile).map((side, index) => side / (index % 2 ? height : width));
    const corner = (a, b) => ({ u: clamp(a, 0, 1), v: clamp(b, 0, 1) });
    this.draft = { kind: RECTANGLE, points: [corner(left, top), corner(right, bottom)], size: this.size };
    this.viewer.draw();
  }

  nudge(dx, dy, sizing) {
    if (this.draft?.kind !== RECTANGLE) return true;
    const [width, height] = this.pane.data.size;
    const unit = (STEP * Math.min(width, height)) / this.viewer.view.zoom;
    const [from, to] = this.draft.points;
    const by = { u: (dx * unit) / width, v: (dy * unit) / height };
    const moved = ({ u, v }) => ({ u: u + by.u, v: v + by.v });
    const inside = ({ u, v }) => u >= 0 && v >= 0 && u <= 1 && v <= 1;
    const next = sizing ? [from, moved(to)] : [moved(from), moved(to)];
    const wide = next[1].u - next[0].u >= LEAST_SIDE && next[1].v - next[0].v >= LEAST_SIDE;
    if (next.every(inside) && wide) this.draft.points = next;
    this.viewer.draw();
    this.sayPlace(next);
    return true;
  }

  sayPlace([from, to]) {
    const [width, height] = this.pane.data.size;
    const pixels = (share, side) => Math.round(share * side);
    const size = `${pixels(to.u - from.u, width)} by ${pixels(to.v - from.v, height)} pixels`;
    this.say(`Rectangle of ${size} at ${pixels(from.u, width)}, ${pixels(from.v, height)}`);
  }

  takeBack() {
    if (this.draft?.kind !== POLYGON) return;
    this.draft.points.pop();
    if (!this.draft.points.length) this.draft = null;
    this.viewer.draw();
  }

  // ---- how it looks ------------------------------------------------------------------------------------------------

  /** The mask with what is being painted, for the hatching. */
  shown() {
    const { draft } = this;
    if (!draft || draft.kind === POLYGON) return this.mask;
    this.preview ??= document.createElement("canvas");
    this.preview.width = this.mask.width;
    this.preview.height = this.mask.height;
    const context = this.preview.getContext("2d");
    context.drawImage(this.mask, 0, 0);
    putShape(context, draft);
    return this.preview;
  }

  /** The outline of what is being drawn, and the size of the brush under the pointer. */
  drawDraft(context, place, over) {
    const [width, height] = this.pane.data.size;
    const at = ({ u, v }) => [place.x + u * width * place.scale, place.y + v * height * place.scale];
    const { draft } = this;
    if (draft?.kind === RECTANGLE) {
      const [[x0, y0], [x1, y1]] = draft.points.map(at);
      drawBand(context, { x0, y0, x1, y1 });
    }
    if (draft?.kind === POLYGON) this.drawCorners(context, draft.points.map(at), over && at(over));
    if (over && (this.tool === BRUSH || this.tool === ERASER)) this.drawBrush(context, at(over), place);
  }

  drawCorners(context, corners, pointer) {
    twice(context, [], () => {
      context.beginPath();
      for (const corner of pointer ? [...corners, pointer] : corners) context.lineTo(...corner);
      context.stroke();
    });
    for (const [x, y] of corners) {
      context.beginPath();
      context.arc(x, y, 4.5, 0, 2 * Math.PI);
      context.fillStyle = "white";
      context.fill();
      context.lineWidth = 1.5;
      context.strokeStyle = HALO;
      context.stroke();
    }
  }

  drawBrush(context, [x, y], place) {
    const radius = (this.size * Math.min(...this.pane.data.size) * place.scale) / 2;
    twice(context, this.tool === ERASER ? [5, 4] : [], () => {
      context.beginPath();
      context.arc(x, y, Math.max(2, radius), 0, 2 * Math.PI);
      context.stroke();
    });
  }
}

/** Draw lines dark and wide, then light and narrow, so that they show on any picture. */
function twice(context, dash, draw) {
  for (const [colour, width, pattern] of [[HALO, 3.5, []], ["white", 1.5, dash]]) {
    context.strokeStyle = colour;
    context.lineWidth = width;
    context.setLineDash(pattern);
    draw();
  }
  context.setLineDash([]);
}

const shareFormat = numberFormat({ style: "percent", maximumSignificantDigits: 3 });
const percentOf = (share) => shareFormat.format(share);

/** Make the painting tools show what they are set to. */
function refreshPainting(viewer) {
  const { root, board } = viewer;
  refreshStatus(viewer);
  const ignore = root.querySelector('[data-do="ignore"]');
  ignore.hidden = !board.can;
  ignore.setAttribute("aria-pressed", String(board.on));
  root.querySelector(".paint").hidden = !board.on;
  root.classList.toggle("painting", board.on);
  for (const button of root.querySelectorAll("[data-tool]")) {
    button.setAttribute("aria-pressed", String(button.dataset.tool === board.tool));
  }
  root.querySelector(".brush").hidden = board.tool !== BRUSH && board.tool !== ERASER;
  root.querySelector(".brush input").value = board.size;
  root.querySelector('[data-do="undo"]').disabled = board.done.length === 0;
  root.querySelector('[data-do="redo"]').disabled = board.undone.length === 0;
  root.querySelector('[data-do="erase-all"]').disabled = !(board.share > 0);
}
