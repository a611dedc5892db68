// The viewer: what is looked at and how, and what is chosen. One instance per place on the page.
const GLIDE_MS = 160;
const FLOWING = matchMedia("(prefers-reduced-motion: no-preference)");

/** The shelf that the picture elements fill; a picture may be asked for before it has come. */
function bitmapOf(digest) {
  const name = Symbol.for("segdetect.pictures");
  globalThis[name] ??= { bitmaps: new Map(), users: new Map(), events: new EventTarget() };
  const { bitmaps, events } = globalThis[name];
  if (bitmaps.has(digest)) return bitmaps.get(digest);
  return new Promise((resolve) => {
    events.addEventListener(digest, () => resolve(bitmaps.get(digest)), { once: true });
  });
}

class PaneView {
  constructor(viewer) {
    this.viewer = viewer;
    this.bitmaps = {};
    this.node = document.createElement("figure");
    this.node.innerHTML = `<figcaption></figcaption>
      <div class="stage" tabindex="0" role="application" aria-roledescription="picture with tiles" aria-describedby="how">
        <canvas class="picture"></canvas>
        <div class="over"><canvas class="heat"></canvas><canvas class="lines"></canvas></div>
        <div class="wait">Loading the picture\u2026</div>
        <div class="wipe" hidden><i></i><span>Plain</span><span>Marked</span>
          <input type="range" data-look="wipe" min="0" max="1" step="0.01" aria-label="Share of the plain picture"></div>
        <div class="ghost" hidden></div><div class="tip" hidden></div>
      </div>`;
    this.stage = this.node.querySelector(".stage");
    this.canvas = Object.fromEntries(["picture", "heat", "lines"].map((n) => [n, this.node.querySelector(`.${n}`)]));
    this.tip = this.node.querySelector(".tip");
    this.ghost = this.node.querySelector(".ghost");
    this.room = { width: 1, height: 1 };
    connectPointer(viewer, this);
  }

  update(data) {
    const another = this.data?.id !== data.id;
    this.data = data;
    this.tiles = new Tiles(data);
    this.node.querySelector("figcaption").textContent = data.title;
    this.stage.setAttribute("aria-label", data.alt);
    if (another) this.bitmaps = {};
    this.load("picture", data.picture);
    this.load("heat", data.heat);
  }

  /** Fetch a layer's bitmap; until it is there the one before stays, so that nothing flickers. */
  async load(layer, digest) {
    const now = this.bitmaps[layer];
    if (now?.digest === digest) return;
    if (!digest) {
      delete this.bitmaps[layer];
      return;
    }
    this.bitmaps[layer] = { digest, bitmap: now?.bitmap };
    if (layer === "picture" && !now?.bitmap) this.stage.setAttribute("aria-busy", "true");
    let bitmap = null;
    try {
      bitmap = await bitmapOf(digest);
    } catch (error) {
      console.error("A picture could not be decoded", error);
    }
    if (this.bitmaps[layer]?.digest !== digest) return;
    this.bitmaps[layer].bitmap = bitmap;
    if (layer === "picture") {
      this.stage.removeAttribute("aria-busy");
      this.stage.classList.toggle("broken", bitmap === null);
      this.node.querySelector(".wait").textContent = bitmap ? "Loading the picture\u2026" : "This browser cannot show the picture.";
    }
    this.viewer.draw();
  }

  measure() {
    this.room = { width: this.stage.clientWidth || 1, height: this.stage.clientHeight || 1 };
  }

  fit() {
    return fitScale(this.data.size, this.room);
  }

  place() {
    return placement(this.data.size, this.room, this.viewer.view);
  }

  /** A place of the stage, as shares of the picture. */
  shareAt({ x, y }) {
    const place = this.place();
    return { u: (x - place.x) / place.scale / this.data.size[0], v: (y - place.y) / place.scale / this.data.size[1] };
  }

  tileAt({ u, v }) {
    return this.tiles.at(u * this.data.size[0], v * this.data.size[1]);
  }

  showLooks(looks) {
    this.canvas.picture.style.filter = `brightness(${looks.brightness}) contrast(${looks.contrast})`;
    this.canvas.heat.style.opacity = looks.heat;
    const wipe = this.node.querySelector(".wipe");
    wipe.hidden = !looks.wipeOn;
    wipe.style.setProperty("--at", `${100 * looks.wipe}%`);
    wipe.querySelector("input").value = looks.wipe;
    wipe.querySelector("input").setAttribute("aria-valuetext", `${percent(looks.wipe)} plain`);
    this.node.querySelector(".over").style.clipPath = looks.wipeOn ? `inset(0 0 0 ${100 * looks.wipe}%)` : "";
    this.stage.classList.toggle("band", Boolean(looks.several && this.viewer.data.multiple));
  }

  draw() {
    const { viewer, room, data } = this;
    const place = this.place();
    const { picture, heat } = this.bitmaps;
    this.stage.classList.toggle("near", viewer.view.zoom > 1);
    drawBitmap(this.canvas.picture, room, picture?.bitmap, data.size, place);
    drawBitmap(this.canvas.heat, room, heat?.bitmap, data.size, place, data.smooth_heat);
    this.drawLines(place);
  }

  drawLines(place = this.place()) {
    const { viewer } = this;
    const { over, band } = viewer;
    const hovered = over ? this.tileAt(over) : -1;
    drawLines(this.canvas.lines, this.room, this, place, {
      looks: viewer.looks,
      selected: viewer.shownIn(this),
      hovered,
      band: band?.pane === this ? band : null,
    });
    this.showPointer(place, over, hovered);
  }

  /** The tooltip, and in the other panes a ring at the same place. */
  showPointer(place, over, hovered) {
    const at = over && { x: place.x + over.u * this.data.size[0] * place.scale, y: place.y + over.v * this.data.size[1] * place.scale };
    const inside = at && at.x >= 0 && at.y >= 0 && at.x <= this.room.width && at.y <= this.room.height;
    this.ghost.hidden = !inside || over.pane === this;
    this.tip.hidden = !inside || hovered < 0;
    if (!inside) return;
    this.ghost.style.transform = `translate(${at.x}px, ${at.y}px)`;
    if (hovered < 0) return;
    this.tip.textContent = this.tiles.facts(hovered).join(" \u00b7 ").replace("Row", "row");
    const right = Math.max(4, Math.min(at.x + 14, this.room.width - this.tip.offsetWidth - 4));
    const below = at.y + 18 + this.tip.offsetHeight < this.room.height ? at.y + 18 : at.y - this.tip.offsetHeight - 12;
    this.tip.style.transform = `translate(${Math.round(right)}px, ${Math.round(below)}px)`;
  }
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
    this.over = null;
    this.band = null;
    this.disconnect = connectControls(this);
    this.sizes = new ResizeObserver(() => this.measure());
    this.sizes.observe(root);
  }

  // ---- data from Python --------------------------------------------------------------------------------------------

  update(data, send) {
    const first = this.looks === null;
    this.send = send;
    this.data = data;
    this.root.style.setProperty("--height", `${data.height}px`);
    if (first) this.looks = { ...FIRST_LOOKS, ...data.looks, several: false };
    this.updatePanes(data.panes);
    this.recallView(first);
    this.adopt(data);
    this.root.removeAttribute("data-loading");
    this.measure();
    refreshControls(this);
    refreshStatus(this);
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
  adopt(data) {
    if (data.seen < this.sequence) return;
    const before = this.selected.join();
    this.selected = data.selected;
    this.chosenIn = data.selected_pane;
    if (before === this.selected.join()) return;
    this.announce();
    this.reveal();
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
    this.change({ ...FIRST_LOOKS, ...this.data.looks, several: false });
    this.fit();
  }

  moveBy(pane, dx, dy) {
    const { scale } = pane.place();
    const [width, height] = pane.data.size;
    const moved = { ...this.view, u: this.view.u - dx / (width * scale), v: this.view.v - dy / (height * scale) };
    this.look(settled(pane.data.size, pane.room, moved));
  }

  /** Bring a tile to the middle at half the stage's size; a second time, back to the whole picture. */
  lookCloser(pane) {
    const tile = this.shownIn(pane).at(-1);
    if (tile === undefined) return;
    const [left, top, right, bottom] = pane.tiles.box(tile);
    const [width, height] = pane.data.size;
    const scale = Math.min(pane.room.width / (right - left), pane.room.height / (bottom - top)) / 2;
    const zoom = clamp(scale / pane.fit(), 1, maxZoom(pane.fit()));
    if (Math.abs(zoom - this.view.zoom) < 0.01) this.fit();
    else this.look({ zoom, u: (left + right) / 2 / width, v: (top + bottom) / 2 / height }, { glide: true });
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

  hover(place) {
    this.over = place && { pane: place.pane, ...place.pane.shareAt(place.at) };
    this.pointing ??= requestAnimationFrame(() => {
      this.pointing = null;
      for (const pane of this.panes) pane.drawLines();
    });
  }

  setBand(band) {
    this.band = band;
    this.draw();
  }

  setActive(pane) {
    if (this.active === pane) return;
    this.active = pane;
    refreshZoom(this);
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
    if (tiles.join() === this.selected.join()) return;
    this.selected = tiles;
    const index = this.panes.indexOf(pane);
    if (this.chosenIn !== null) this.chosenIn = index;
    // The clock also orders the choices of a viewer that was taken down and put up again.
    this.sequence = Math.max(Date.now(), this.sequence + 1);
    const value = { pane: index, tiles, sequence: this.sequence };
    clearTimeout(this.telling);
    this.telling = setTimeout(() => this.send("select", value), pause);
    this.announce();
    this.reveal();
    refreshStatus(this);
    this.draw();
  }

  announce() {
    const text = statusText(this.selectedPane(), this.selected, { column: "column" });
    this.root.querySelector('[role="status"]').textContent = text || "No tile chosen";
  }

  destroy() {
    this.disconnect();
    this.sizes.disconnect();
    cancelAnimationFrame(this.gliding);
  }
}

const viewers = new WeakMap();

export default function ({ data, parentElement, setTriggerValue }) {
  const root = parentElement.querySelector(".viewer");
  let viewer = viewers.get(parentElement);
  if (viewer?.root !== root) {
    viewer?.destroy();
    viewer = new Viewer(root);
    viewers.set(parentElement, viewer);
  }
  viewer.update(data, setTriggerValue);
  return () => {
    viewers.get(parentElement)?.destroy();
    viewers.delete(parentElement);
  };
}
