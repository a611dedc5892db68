// Mouse, touch and keys on one stage.
const CLICK_SLOP = 5;
// What a drag with the right button over the whole stage multiplies brightness or contrast by.
const WINDOW_SPAN = 4;
const STRAY_WHEEL_MS = 350;
const KEY_PAUSE_MS = 140;

// A wheel turned outside any picture is the page being scrolled; pictures that pass under the pointer meanwhile let it be.
let lastStrayWheel = -Infinity;
let strayWatched = false;

function watchStrayWheels() {
  if (strayWatched) return;
  strayWatched = true;
  const note = (event) => {
    const onStage = event.composedPath().some((node) => node.classList?.contains("stage"));
    if (!onStage || event.timeStamp - lastStrayWheel < STRAY_WHEEL_MS) lastStrayWheel = event.timeStamp;
  };
  addEventListener("wheel", note, { passive: true, capture: true });
}

function connectPointer(viewer, pane) {
  const { stage } = pane;
  const pointers = new Map();
  let gesture = null;
  watchStrayWheels();

  const place = (event) => {
    const box = stage.getBoundingClientRect();
    return { x: event.clientX - box.left, y: event.clientY - box.top };
  };
  const begin = (event) => {
    const at = place(event);
    if (viewer.board.on && pane === viewer.board.pane) {
      gesture = { from: at, last: at, painting: true, moved: false, pinched: false };
      viewer.board.begin(at);
      return;
    }
    const banding = viewer.data.multiple && pane.data.selectable && (event.shiftKey || viewer.looks.several);
    gesture = { from: at, last: at, banding, moved: false, pinched: false };
  };

  let windowed = null;
  stage.addEventListener("contextmenu", (event) => event.preventDefault());
  stage.addEventListener("pointerdown", (event) => {
    if (event.button === 2 && event.pointerType === "mouse") {
      const { brightness, contrast } = viewer.looks;
      const window = viewer.data.values && pane.data.window ? windowOf(pane) ?? pane.data.window : null;
      windowed = { from: place(event), brightness, contrast, window };
      stage.setPointerCapture(event.pointerId);
    }
    if (event.button !== 0 || event.target.closest("input")) return;
    viewer.setActive(pane);
    stage.setPointerCapture(event.pointerId);
    pointers.set(event.pointerId, place(event));
    if (pointers.size === 1) begin(event);
    else if (gesture) {
      if (gesture.painting) viewer.board.drop();
      Object.assign(gesture, { pinched: true, banding: false, painting: false });
    }
    viewer.setBand(null);
  });

  stage.addEventListener("pointermove", (event) => {
    const at = place(event);
    if (windowed) return setWindow(at);
    if (!pointers.has(event.pointerId)) {
      if (event.pointerType !== "touch") viewer.hover(event.target.closest("input") ? null : { pane, at });
      return;
    }
    if (pointers.size === 2) pinch(event.pointerId, at);
    else if (pointers.size === 1 && gesture) drag(at);
    pointers.set(event.pointerId, at);
  });

  const setWindow = ({ x, y }) => {
    const times = (length, room) => WINDOW_SPAN ** (length / room);
    viewer.hover(null);
    if (windowed.window) {
      const [right, up] = [(x - windowed.from.x) / pane.room.width, (windowed.from.y - y) / pane.room.height];
      viewer.windowing = pane;
      viewer.change({ preset: BY_HAND, window: draggedWindow(windowed.window, right, up) });
      return;
    }
    viewer.change({
      brightness: clamp(windowed.brightness * times(windowed.from.y - y, pane.room.height), 0.4, 2.5),
      contrast: clamp(windowed.contrast * times(x - windowed.from.x, pane.room.width), 0.4, 4),
    });
  };

  const drag = (at) => {
    const far = Math.hypot(at.x - gesture.from.x, at.y - gesture.from.y) > CLICK_SLOP;
    gesture.moved ||= far;
    if (gesture.painting) {
      viewer.hover({ pane, at });
      viewer.board.move(at);
      return;
    }
    if (!gesture.moved) return;
    viewer.hover(null);
    if (gesture.banding) {
      viewer.setBand({ pane, x0: gesture.from.x, y0: gesture.from.y, x1: at.x, y1: at.y });
    } else {
      stage.classList.add("moving");
      viewer.moveBy(pane, at.x - gesture.last.x, at.y - gesture.last.y);
    }
    gesture.last = at;
  };

  const pinch = (moving, at) => {
    const still = [...pointers].find(([id]) => id !== moving)[1];
    const before = pointers.get(moving);
    const spread = (a, b) => Math.max(10, Math.hypot(a.x - b.x, a.y - b.y));
    const middle = (a, b) => ({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
    const from = middle(before, still);
    const to = middle(at, still);
    viewer.moveBy(pane, to.x - from.x, to.y - from.y);
    viewer.zoomAt(pane, viewer.view.zoom * (spread(at, still) / spread(before, still)), to);
    gesture.moved = true;
  };

  const end = (event) => {
    windowed = null;
    viewer.windowing = null;
    if (!pointers.delete(event.pointerId)) return;
    if (pointers.size > 0) {
      // One finger lifted after a pinch: the other one goes on to drag.
      gesture.last = [...pointers.values()][0];
      return;
    }
    stage.classList.remove("moving");
    const done = gesture;
    gesture = null;
    const { band } = viewer;
    viewer.setBand(null);
    if (done?.painting && event.type === "pointercancel") viewer.board.drop();
    if (!done || event.type === "pointercancel") return;
    if (done.painting) return viewer.board.end(place(event), done.moved);
    if (viewer.board.on && done.pinched) return;
    if (band) viewer.chooseBand(pane, band);
    else if (!done.moved) viewer.chooseAt(pane, place(event), { add: event.ctrlKey || event.metaKey || event.shiftKey });
  };
  stage.addEventListener("pointerup", end);
  stage.addEventListener("pointercancel", end);
  stage.addEventListener("pointerleave", () => viewer.hover(null));

  stage.addEventListener("dblclick", (event) => {
    if (event.target.closest("input")) return;
    if (viewer.board.on && pane === viewer.board.pane) {
      if (viewer.board.tool === POLYGON) viewer.board.keep();
      return;
    }
    viewer.fit();
  });

  stage.addEventListener("wheel", (event) => {
    const outward = event.deltaY > 0;
    const page = event.timeStamp - lastStrayWheel < STRAY_WHEEL_MS && !event.ctrlKey;
    // Nothing further out than the whole picture: then the wheel is the page's.
    if (page || (outward && viewer.view.zoom <= 1 && !event.ctrlKey) || event.deltaY === 0) return;
    event.preventDefault();
    const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 33 : 1;
    const strength = event.ctrlKey ? 0.01 : 0.002;
    const factor = Math.exp(-clamp(event.deltaY * lines, -300, 300) * strength);
    viewer.zoomAt(pane, viewer.view.zoom * factor, place(event));
  }, { passive: false });

  stage.addEventListener("keydown", (event) => {
    if (event.target === stage) pressKey(viewer, pane, event);
  });
  stage.addEventListener("keyup", (event) => {
    if (event.key === " ") viewer.setBlink(false);
  });
  stage.addEventListener("blur", () => viewer.setBlink(false));
  stage.addEventListener("focus", () => viewer.setActive(pane));
}
