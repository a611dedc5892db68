// One picture on its stage: its layers, its tooltip, its share of the before/after slider.
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
    this.alikes = [];
    this.node = document.createElement("figure");
    this.node.innerHTML = `<figcaption></figcaption>
      <div class="stage" tabindex="0" role="application" aria-roledescription="picture with tiles" aria-describedby="how">
        <canvas class="picture"></canvas><canvas class="good"></canvas>
        <div class="over"><canvas class="heat"></canvas><canvas class="hatch"></canvas><canvas class="lines"></canvas></div>
        <div class="wait">Loading the picture\u2026</div>
        <div class="wipe" hidden><i></i><span>Plain</span><span>Marked</span>
          <input type="range" data-look="wipe" min="0" max="1" step="0.01" aria-label="Share of the plain picture"></div>
        <div class="ruler" aria-hidden="true" hidden></div>
        <div class="map" aria-hidden="true" hidden><canvas></canvas><i></i></div>
        <div class="ghost" hidden></div><div class="tip" hidden></div>
      </div>`;
    this.stage = this.node.querySelector(".stage");
    this.canvas = Object.fromEntries(["picture", "good", "heat", "hatch", "lines"].map((n) => [n, this.node.querySelector(`.${n}`)]));
    this.heat = document.createElement("canvas");
    this.tip = this.node.querySelector(".tip");
    this.ghost = this.node.querySelector(".ghost");
    this.room = { width: 1, height: 1 };
    this.map = new MiniMap(viewer, this, this.node.querySelector(".map"));
    connectPointer(viewer, this);
  }

  update(data) {
    const another = this.data?.id !== data.id;
    this.answer = data;
    this.data = data;
    this.tiles = new Tiles(data);
    this.node.querySelector("figcaption").textContent = data.title;
    this.stage.setAttribute("aria-label", data.alt);
    if (another) this.bitmaps = {};
    for (const layer of ["picture", "cells", "fine", "ignored", "good", "values"]) this.load(layer, data[layer]);
    this.reflag();
  }

  /** Show another grid's tiles, as far as the map of cells tells them. */
  regrid(parts) {
    const map = this.bitmaps.fine?.bitmap;
    if (!map) return;
    this.data = regridded(this.answer, map, parts);
    this.tiles = new Tiles(this.data);
    this.alikes = [];
    this.reflag();
  }

  /** Flags and colours as they are, or as another threshold would have them. */
  reflag() {
    const { trial } = this.viewer;
    if (trial !== null) this.tiles.flagFrom(trial);
    else this.tiles.flagAsAnswered();
    this.repaint();
  }

  repaint() {
    const { heat, scores, cells, threshold } = this.data;
    const { bitmap } = this.bitmaps.cells ?? {};
    this.painted = null;
    if (!heat || (cells && !bitmap)) return;
    const map = cells ? bitmap : { rows: this.tiles.down.length, cols: this.tiles.cols, values: scores };
    this.painted = paintHeat(this.heat, map, heat, this.viewer.trial ?? threshold);
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
    if (layer === "cells") this.repaint();
    if (layer === "values") refreshPresets(this.viewer);
    this.viewer.draw();
    this.viewer.tell();
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
    // Each filter, and each canvas on the page, is gone over for every frame of the page, a blinking caret's too: where no
    // graphics card does that, what changes nothing and shows nothing is left out.
    const plain = looks.brightness === 1 && looks.contrast === 1;
    this.canvas.picture.style.filter = plain ? "" : `brightness(${looks.brightness}) contrast(${looks.contrast})`;
    this.map.canvas.style.filter = this.canvas.picture.style.filter;
    this.canvas.picture.hidden = !looks.picture;
    this.canvas.heat.style.opacity = looks.heatOn ? looks.heat : 0;
    this.canvas.heat.hidden = !looks.heatOn || !looks.heat;
    const good = this.data.good ? looks.good : "";
    const wiping = looks.wipeOn || good === "wipe";
    const wipe = this.node.querySelector(".wipe");
    wipe.hidden = !wiping;
    const [left, right] = good === "wipe" ? ["Known-good", "This one"] : ["Plain", "Marked"];
    wipe.querySelector("span").textContent = left;
    wipe.querySelector("span:last-of-type").textContent = right;
    this.canvas.good.hidden = !good;
    this.canvas.good.style.clipPath = good === "wipe" ? `inset(0 ${100 * (1 - looks.wipe)}% 0 0)` : "";
    this.stage.classList.toggle("blinking", good === "blink");
    wipe.style.setProperty("--at", `${100 * looks.wipe}%`);
    wipe.querySelector("input").value = looks.wipe;
    wipe.querySelector("input").setAttribute("aria-valuetext", `${percent(looks.wipe)} plain`);
    this.node.querySelector(".over").style.clipPath = wiping ? `inset(0 0 0 ${100 * looks.wipe}%)` : "";
    this.stage.classList.toggle("band", Boolean(looks.several && this.viewer.data.multiple));
  }

  draw() {
    const { viewer, room, data } = this;
    const place = this.place();
    const { good } = this.bitmaps;
    const seen = seenPicture(this);
    this.stage.classList.toggle("near", viewer.view.zoom > 1);
    drawBitmap(this.canvas.picture, room, seen.bitmap, seen.size, place);
    drawGood(this.canvas.good, room, good?.bitmap, data.size, place);
    const ignored = this.ignored();
    this.canvas.hatch.hidden = !ignored || (!viewer.looks.ignored && !viewer.board.on);
    drawHatching(this.canvas.hatch, room, ignored, data.size, place);
    refreshRuler(this.node.querySelector(".ruler"), place, room, data.mm_per_pixel);
    this.map.refresh(place);
    this.drawFound(place);
  }

  /** Heat and flags, which is all that another threshold changes. */
  drawFound(place = this.place()) {
    const { heat } = this.canvas;
    if (!heat.hidden) drawBitmap(heat, this.room, this.painted, this.data.size, place, this.data.heat?.smooth);
    this.drawLines(place);
  }

  /** What is hatched: on the picture that is painted on, what the person sees themselves paint. */
  ignored() {
    const { board } = this.viewer;
    if (!board.can || board.pane !== this) return this.bitmaps.ignored?.bitmap;
    return board.share > 0 || board.draft ? board.shown() : null;
  }

  drawLines(place = this.place()) {
    const { viewer } = this;
    const { over, band } = viewer;
    const painting = viewer.board.on && viewer.board.pane === this;
    const hovered = over && !painting ? this.tileAt(over) : -1;
    drawLines(this.canvas.lines, this.room, this, place, {
      looks: viewer.looks,
      selected: viewer.shownIn(this),
      hovered,
      band: band?.pane === this ? band : null,
      draft: painting ? (context) => viewer.board.drawDraft(context, place, over) : null,
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
