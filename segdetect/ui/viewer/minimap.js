// The whole picture in a corner of the stage while only a part of it is seen; that part is a rectangle, to be dragged.
const MAP_SHARE = 0.24;
const MAP_PX = 150;

class MiniMap {
  constructor(viewer, pane, node) {
    this.viewer = viewer;
    this.pane = pane;
    this.node = node;
    this.canvas = node.querySelector("canvas");
    this.frame = node.querySelector("i");
    this.grabbed = null;
    const handlers = { pointerdown: this.grip, pointermove: this.drag, pointerup: this.release, pointercancel: this.release };
    for (const [name, act] of Object.entries(handlers)) {
      node.addEventListener(name, (event) => {
        event.stopPropagation();
        act.call(this, event);
      });
    }
    for (const name of ["click", "dblclick"]) node.addEventListener(name, (event) => event.stopPropagation());
  }

  /** Screen pixels of the map per picture pixel. */
  get scale() {
    const [width, height] = this.pane.data.size;
    const { room } = this.pane;
    const most = (length) => Math.min(MAP_PX, MAP_SHARE * length);
    return Math.min(most(room.width) / width, most(room.height) / height);
  }

  refresh(place) {
    const { pane, viewer, node } = this;
    const bitmap = pane.bitmaps.picture?.bitmap;
    node.hidden = viewer.view.zoom <= 1 || !bitmap;
    if (node.hidden) return;
    const sides = pane.data.size.map((side) => Math.max(1, Math.round(side * this.scale)));
    this.paint(bitmap, sides);
    const seen = (corner, room, whole, side) => {
      const [from, to] = [-corner, room - corner].map((at) => (clamp(at / place.scale / whole, 0, 1)) * side);
      return [from, Math.max(4, to - from)];
    };
    const [left, width] = seen(place.x, pane.room.width, pane.data.size[0], sides[0]);
    const [top, height] = seen(place.y, pane.room.height, pane.data.size[1], sides[1]);
    this.frame.style.cssText = `left: ${left}px; top: ${top}px; width: ${width}px; height: ${height}px`;
  }

  paint(bitmap, [width, height]) {
    const name = `${width} ${height}`;
    if (this.bitmap === bitmap && this.name === name) return;
    [this.bitmap, this.name] = [bitmap, name];
    const ratio = globalThis.devicePixelRatio || 1;
    [this.canvas.width, this.canvas.height] = [width * ratio, height * ratio];
    this.node.style.width = `${width}px`;
    this.node.style.height = `${height}px`;
    const pen = this.canvas.getContext("2d");
    pen.imageSmoothingQuality = "high";
    pen.drawImage(bitmap, 0, 0, this.canvas.width, this.canvas.height);
  }

  grip(event) {
    if (event.button !== 0) return;
    this.node.setPointerCapture(event.pointerId);
    const { left, top, right, bottom } = this.frame.getBoundingClientRect();
    const { clientX: x, clientY: y } = event;
    const inside = x >= left && x < right && y >= top && y < bottom;
    // The rectangle is held where it was gripped; elsewhere its middle comes to the pointer.
    this.grabbed = inside ? { x: x - (left + right) / 2, y: y - (top + bottom) / 2 } : { x: 0, y: 0 };
    this.drag(event);
  }

  drag(event) {
    const { viewer, pane, grabbed } = this;
    viewer.hover(null);
    if (!grabbed) return;
    const box = this.canvas.getBoundingClientRect();
    const u = (event.clientX - grabbed.x - box.left) / box.width;
    const v = (event.clientY - grabbed.y - box.top) / box.height;
    viewer.look(settled(pane.data.size, pane.room, { ...viewer.view, u, v }));
  }

  release() {
    this.grabbed = null;
  }
}
