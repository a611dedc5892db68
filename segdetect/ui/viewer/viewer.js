// The viewer: what is looked at and how, and what is chosen. One instance per place on the page.
const GLIDE_MS = 160;
const FLOWING = matchMedia("(prefers-reduced-motion: no-preference)");

/** The zoom at which a tile is half as large as the stage. */
function closerZoom(pane, tile) {
  const [left, top, right, bottom] = pane.tiles.box(tile);
  const scale = Math.min(pane.room.width / (right - left), pane.room.height / (bottom - top)) / 2;
  return clamp(scale / pane.fit(), 1, maxZoom(pane.fit()));
}

class Viewer {
  constructor(root) {
    this.root = root;
    this.panes = [];
    this.view = { zoom: 1, u: 0.5, v: 0.5 };
    this.looks = null;
    this.selected = [];
    this.chosenIn = null;
    this.sequence = 0;
    this.lastSeen = 0;
    this.trial = null;
    this.tried = 0;
    this.followers = new Set();
    this.choice = null;
    this.over = null;
    this.band = null;
    this.board = new PaintBoard(this);
    this.grid = new GridHandle(this);
    this.disconnect = [connectControls(this), connectPageKeys(this)];
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(root);
  }

  // ---- data from Python --------------------------------------------------------------------------------------------

  update(data, send) {
    const first = this.looks === null;
    this.send = send;
    this.data = data;
    this.root.style.setProperty("--height", `${data.height}px`);
    this.root.style.setProperty("--room", `${data.room ?? 0}px`);
    const [width, height] = data.panes[0].size;
    this.root.style.setProperty("--ratio", height / width);
    this.root.classList.toggle("bench", data.room !== null);
    if (data.tried >= this.tried) this.trial = null;
    if (first) this.looks = { ...FIRST_LOOKS, ...firstHeat(data.looks), several: false };
    this.updatePanes(data.panes);
    this.grid.adopt(data);
    this.recallView(first);
    this.measure();
    if (data.selected) this.adopt(data, first);
    this.board.adopt(data);
    if (!data.painting) this.board.on = false;
    refreshControls(this);
    refreshPainting(this);
    desk().viewers.set(data.key, this);
    desk().arrivals.dispatchEvent(new Event(data.key));
    if (this.trial === null && data.room !== null) sayVerdict(this.panes[0].tiles, null);
    this.tell();
  }

  updatePanes(panes) {
    while (this.panes.length > panes.length) this.panes.pop().node.remove();
    panes.forEach((pane, index) => {
      if (!this.panes[index]) {
        this.panes[index] = new PaneView(this);
        this.root.querySelector(".panes").append(this.panes[index].node);
      }
      this.panes[index].update(pane);
    });
    this.root.classList.toggle("untitled", panes.every((pane) => !pane.title));
    if (!this.panes.includes(this.active)) this.active = this.panes[0];
  }

  /** Zoom and place belong to the picture; the overlays that are on belong to the person. */
  recallView(first) {
    const id = this.data.panes[0].id;
    if (!first && this.id === id) return;
    const kept = first ? recall(this.data.key) : null;
    this.id = id;
    if (kept) this.looks = { ...this.looks, ...kept.looks };
    const same = kept?.id === id;
    this.view = same ? kept.view : { zoom: 1, u: 0.5, v: 0.5 };
    if (!same) for (const look of PER_PICTURE) this.looks[look] = FIRST_LOOKS[look];
  }

  remember() {
    keep(this.data.key, { id: this.id, view: this.view, looks: this.looks });
  }

  /** Take over the choice from Python, unless the person has chosen again since Python last heard of it. */
  adopt(data, first) {
    // A server that was started again has forgotten what it had seen.
    if (data.seen < this.lastSeen) this.sequence = 0;
    this.lastSeen = data.seen;
    if (data.seen < this.sequence) return;
    const before = this.selected.join();
    this.selected = data.selected;
    this.chosenIn = data.selected_pane;
    if (first || before === this.selected.join()) return;
    this.announce();
    this.reveal();
  }

  /** Take over the choice from the part that stands for it, with the marks that belong to it. */
  take(choice) {
    const first = this.choice === null;
    this.choice = choice;
    this.panes[0].alikes = choice.data.marks;
    this.adopt(choice.data, first);
    refreshStatus(this);
    this.drawLines();
    this.tell();
  }

  // ---- what is looked at -------------------------------------------------------------------------------------------

  measure() {
    if (!this.data) return;
    for (const pane of this.panes) pane.measure();
    refreshZoom(this);
    this.draw();
  }

  draw() {
    this.frame ??= requestAnimationFrame(() => {
      this.frame = null;
      for (const pane of this.panes) pane.draw();
      refreshProbe(this);
    });
  }

  /** Draw what a choice or the pointer changes: the picture itself, which takes longest, stays. */
  drawLines() {
    this.marking ??= requestAnimationFrame(() => {
      this.marking = null;
      for (const pane of this.panes) pane.drawLines();
      refreshProbe(this);
    });
  }

  look(view, { glide = false } = {}) {
    cancelAnimationFrame(this.gliding);
    if (glide && FLOWING.matches) this.glide(this.view, view, performance.now());
    else this.show(view);
  }

  show(view) {
    this.view = view;
    refreshZoom(this);
    this.remember();
    this.draw();
  }

  glide(from, to, start) {
    const step = (now) => {
      const t = clamp((now - start) / GLIDE_MS, 0, 1);
      const ease = 1 - (1 - t) ** 3;
      const zoom = from.zoom * (to.zoom / from.zoom) ** ease;
      // The centre keeps pace with the scale, so that a zoom about a point keeps that point still.
      const share = to.zoom === from.zoom ? ease : (1 / zoom - 1 / from.zoom) / (1 / to.zoom - 1 / from.zoom);
      this.show({ zoom, u: from.u + (to.u - from.u) * share, v: from.v + (to.v - from.v) * share });
      if (t < 1) this.gliding = requestAnimationFrame(step);
      else this.show(to);
    };
    this.gliding = requestAnimationFrame(step);
  }

  zoomAt(pane, zoom, at, options) {
    this.look(zoomedAt(pane.data.size, pane.room, this.view, zoom, at), options);
  }

  zoomBy(factor) {
    this.zoomTo(this.view.zoom * factor);
  }

  zoomTo(zoom) {
    const { width, height } = this.active.room;
    this.zoomAt(this.active, zoom, { x: width / 2, y: height / 2 }, { glide: true });
  }

  showActual() {
    this.zoomTo(1 / this.active.fit());
  }

  fit() {
    this.look({ zoom: 1, u: 0.5, v: 0.5 }, { glide: true });
  }

  reset() {
    this.change({ ...FIRST_LOOKS, ...firstHeat(this.data.looks), several: false });
    this.fit();
  }

  moveBy(pane, dx, dy) {
    const { scale } = pane.place();
    const [width, height] = pane.data.size;
    const moved = { ...this.view, u: this.view.u - dx / (width * scale), v: this.view.v - dy / (height * scale) };
    this.look(settled(pane.data.size, pane.room, moved));
  }

  /** Bring the chosen tile to the middle at half the stage's size; a second time, back to the whole picture. */
  lookCloser(pane) {
    const tile = this.shownIn(pane).at(-1);
    if (tile === undefined) return;
    if (Math.abs(closerZoom(pane, tile) - this.view.zoom) < 0.01) this.fit();
    else this.centre(pane, tile);
  }

  /** Bring a tile to the middle at half the stage's size. */
  centre(pane, tile) {
    const [left, top, right, bottom] = pane.tiles.box(tile);
    const [width, height] = pane.data.size;
    const middle = { u: (left + right) / 2 / width, v: (top + bottom) / 2 / height };
    this.look({ zoom: closerZoom(pane, tile), ...middle }, { glide: true });
  }

  /** Move, without zooming, until the chosen tile can be seen. */
  reveal() {
    const pane = this.selectedPane();
    const tile = this.shownIn(pane).at(-1);
    if (tile === undefined || this.view.zoom <= 1) return;
    const box = onStage(pane.tiles.box(tile), pane.place());
    const off = (start, length, room) => {
      if (length > room) return start + length / 2 - room / 2;
      return Math.min(0, start) + Math.max(0, start + length - room);
    };
    const dx = off(box.x, box.width, pane.room.width);
    const dy = off(box.y, box.height, pane.room.height);
    if (dx || dy) this.moveBy(pane, -dx, -dy);
  }

  change(looks) {
    this.looks = { ...this.looks, ...looks };
    refreshControls(this);
    this.remember();
    this.draw();
  }

  toggleLayer(name) {
    if (isLayerThere(name, this.panes)) this.change({ [LAYERS[name]]: !this.looks[LAYERS[name]] });
  }

  /** Hold the nearest known-good picture against this one; a second time, put it away. */
  showGood(how) {
    if (this.panes.some((pane) => pane.data.good)) this.change({ good: this.looks.good === how ? "" : how, wipeOn: false });
  }

  hover(place) {
    this.over = place && { pane: place.pane, ...place.pane.shareAt(place.at) };
    this.drawLines();
  }

  /** Have the file's own values sent, the first time that anybody comes near. */
  askValues() {
    const deep = this.panes[0]?.data;
    if (!this.data?.values || !deep?.window || deep.values || this.asked === deep.id) return;
    this.asked = deep.id;
    this.send("values", deep.id);
  }

  setBand(band) {
    this.band = band;
    this.draw();
  }

  /** While it is on, nothing lies over the pictures. */
  setBlink(on) {
    this.root.classList.toggle("blink", on);
  }

  setActive(pane) {
    if (this.active === pane) return;
    this.active = pane;
    refreshZoom(this);
  }

  // ---- another threshold -------------------------------------------------------------------------------------------

  /** The lowest score that is flagged as things are shown; null where none is known. */
  get threshold() {
    return this.trial ?? this.panes[0]?.data.threshold ?? null;
  }

  /** Show what another threshold would flag; null goes back to the server's answer. */
  tryThreshold(threshold) {
    this.trial = threshold;
    this.tried = Infinity;
    this.trying ??= requestAnimationFrame(() => {
      this.trying = null;
      for (const pane of this.panes) pane.reflag();
      sayVerdict(this.panes[0].tiles, this.trial);
      refreshStatus(this);
      this.tell();
      for (const pane of this.panes) pane.drawFound();
    });
  }

  /** The trial has come to rest: its number, which the server's answer to it will carry. */
  settleThreshold() {
    this.tried = Date.now();
    return this.tried;
  }

  nudgeThreshold(direction) {
    for (const follower of this.followers) follower.step?.(direction);
  }

  /** Whether Python has heard of the last choice. */
  get isHeard() {
    return this.sequence <= this.lastSeen;
  }

  /** Let those who follow know that what is shown has changed. */
  tell() {
    for (const follower of this.followers) follower.refresh();
  }

  // ---- what is chosen ----------------------------------------------------------------------------------------------

  /** The chosen tiles that a pane shows. */
  shownIn(pane) {
    const mine = this.chosenIn === null || this.panes[this.chosenIn] === pane;
    return pane.data.selectable && mine ? this.selected.filter((tile) => tile < pane.tiles.count) : [];
  }

  selectedPane() {
    const choosable = this.panes.find((pane) => pane.data.selectable && pane.tiles.count) ?? this.panes[0];
    return this.panes[this.chosenIn] ?? (this.active.data.selectable && this.active.tiles.count ? this.active : choosable);
  }

  flaggedPane() {
    const can = (pane) => pane.data.selectable && pane.tiles.flagged.size > 0;
    return [this.selectedPane(), ...this.panes].find(can);
  }

  chooseAt(pane, at, { add }) {
    if (!pane.data.selectable) return;
    const tile = pane.tileAt(pane.shareAt(at));
    if (tile < 0) return;
    if (!(add && this.data.multiple)) return this.choose(pane, [tile]);
    const rest = this.selected.filter((other) => other !== tile);
    this.choose(pane, rest.length === this.selected.length ? [...rest, tile] : rest);
  }

  chooseBand(pane, { x0, y0, x1, y1 }) {
    const from = pane.shareAt({ x: Math.min(x0, x1), y: Math.min(y0, y1) });
    const to = pane.shareAt({ x: Math.max(x0, x1), y: Math.max(y0, y1) });
    const [width, height] = pane.data.size;
    this.choose(pane, pane.tiles.within([from.u * width, from.v * height, to.u * width, to.v * height]));
  }

  walk(pane, dx, dy, { add }) {
    if (!pane.data.selectable || pane.tiles.count === 0) return;
    const last = this.shownIn(pane).at(-1);
    const tile = last === undefined ? pane.tiles.ranked(false)[0] : pane.tiles.neighbour(last, dx, dy);
    const rest = add && this.data.multiple ? this.selected.filter((other) => other !== tile) : [];
    this.choose(pane, [...rest, tile], { pause: KEY_PAUSE_MS });
  }

  step(by) {
    const pane = this.flaggedPane();
    if (!pane) return;
    const flagged = pane.tiles.ranked(true);
    const at = flagged.indexOf(this.selected.at(-1));
    const next = at < 0 ? (by > 0 ? 0 : flagged.length - 1) : (at + by + flagged.length) % flagged.length;
    this.choose(pane, [flagged[next]], { pause: KEY_PAUSE_MS });
  }

  clear() {
    if (this.selected.length) this.choose(this.selectedPane(), []);
  }

  /** Show a choice at once, and tell Python; keys held down tell it only where they came to rest. */
  choose(pane, tiles, { pause = 0 } = {}) {
    // Tiles of a grid that is only tried are nothing that Python knows.
    if (tiles.join() === this.selected.join() || this.grid.parts !== null) return;
    this.selected = tiles;
    const index = this.panes.indexOf(pane);
    if (this.chosenIn !== null) this.chosenIn = index;
    // The clock also orders the choices of a viewer that was taken down and put up again.
    this.sequence = Math.max(Date.now(), this.sequence + 1);
    const value = { pane: index, tiles, sequence: this.sequence };
    clearTimeout(this.telling);
    const tell = () => (this.choice ?? this).send("select", value);
    if (pause) this.telling = setTimeout(tell, pause);
    else tell();
    this.announce();
    this.reveal();
    refreshStatus(this);
    this.drawLines();
    this.tell();
  }

  announce() {
    const text = statusText(this.selectedPane(), this.selected, { column: "column" });
    this.root.querySelector('[role="status"]').textContent = text || "No tile chosen";
  }

  destroy() {
    for (const disconnect of this.disconnect) disconnect();
    this.sizes.disconnect();
    cancelAnimationFrame(this.gliding);
    if (desk().viewers.get(this.data.key) === this) desk().viewers.delete(this.data.key);
    this.root.parentNode.remove();
  }
}
