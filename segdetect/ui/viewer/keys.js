// What each key does on the stage; the sheet that `?` opens is made of the same table.
const ARROWS = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };

const layerKey = (name) => (viewer) => viewer.toggleLayer(name);

// Of each group: the keys, what they are called where they have no sign of their own, the words, and what is done.
const SHEET = {
  Tiles: [
    { keys: ["n", "]"], words: "Next flagged tile", act: (viewer) => viewer.step(1) },
    { keys: ["p", "["], words: "Previous flagged tile", act: (viewer) => viewer.step(-1) },
    { keys: ["enter"], words: "Look closer at the tile, and back", act: (viewer, pane) => viewer.lookCloser(pane) },
    { keys: ["escape"], words: "Clear the choice", act: (viewer) => viewer.clear() },
    { shown: ["←", "→", "↑", "↓"], words: "Go to the next tile; with Shift, pick several" },
    { shown: ["Shift + drag"], words: "Pick all tiles of a region" },
  ],
  Layers: [
    { keys: ["v"], words: "Picture", act: layerKey("picture") },
    { keys: ["h"], words: "Heat map", act: layerKey("heat") },
    { keys: ["f"], words: "Flags", act: layerKey("flags") },
    { keys: ["l"], words: "Look-alikes of the tile under the pointer", act: layerKey("alike") },
    { keys: ["x"], words: "Regions that are ignored", act: layerKey("ignored") },
    { keys: ["g"], words: "Wipe between the nearest known-good picture and this one", act: (viewer) => viewer.showGood("wipe") },
    { keys: ["b"], words: "Blink between the two", act: (viewer) => viewer.showGood("blink") },
    { shown: ["Space"], words: "Hold for the plain picture" },
  ],
  View: [
    { keys: ["+", "="], words: "Zoom in", act: (viewer) => viewer.zoomBy(1.5) },
    { keys: ["-", "_"], words: "Zoom out", act: (viewer) => viewer.zoomBy(1 / 1.5) },
    { keys: ["0"], words: "Fit the whole picture; so does a double click", act: (viewer) => viewer.fit() },
    { keys: ["1"], words: "One picture pixel per screen pixel", act: (viewer) => viewer.showActual() },
    { keys: ["e"], words: "Next brightness window of a picture deeper than 8 bits", act: nextPreset },
    { shown: ["Wheel"], words: "Zoom at the pointer; drag moves" },
    { shown: ["Right button"], words: "Drag for brightness (up, down) and contrast (left, right)" },
  ],
  Threshold: [
    { keys: ["."], words: "Higher: fewer flags", act: (viewer) => viewer.nudgeThreshold(1) },
    { keys: [","], words: "Lower: more flags", act: (viewer) => viewer.nudgeThreshold(-1) },
  ],
  Grid: [
    { keys: [">"], words: "Finer, where the engine answers any grid at once", act: (viewer) => viewer.grid.nudge(1) },
    { keys: ["<"], words: "Coarser", act: (viewer) => viewer.grid.nudge(-1) },
  ],
  "This page": [
    { keys: ["w"], words: "Fold or unfold the panel on the right", act: () => panels().toggle("side") },
    { keys: ["t"], words: "Fold or unfold the filmstrip", act: () => panels().toggle("film") },
    { keys: ["i"], words: "Paint regions to ignore", act: (viewer) => viewer.board.toggle() },
    { keys: ["?"], words: "This sheet", act: (viewer) => showSheet(viewer) },
  ],
};
const SIGNS = { enter: "Enter", escape: "Esc" };

const acts = new Map(
  Object.values(SHEET).flat().flatMap(({ keys = [], act }) => keys.map((key) => [key, act])),
);

function pressKey(viewer, pane, event) {
  if (viewer.board.on && viewer.board.press(event)) {
    event.preventDefault();
    event.stopPropagation();
    return;
  }
  if (event.altKey || event.ctrlKey || event.metaKey) return;
  const arrow = ARROWS[event.key];
  const act = arrow ? () => viewer.walk(pane, ...arrow, { add: event.shiftKey }) : acts.get(event.key.toLowerCase());
  if (event.key === " ") viewer.setBlink(true);
  else if (act) act(viewer, pane);
  else return;
  event.preventDefault();
  event.stopPropagation();
}

/** Keys of the page's one bench work wherever nothing else wants them. */
function connectPageKeys(viewer) {
  const press = (event) => {
    const free = event.target === document.body || event.target.matches?.(".stMain, .stApp");
    // Where there are answers to give, N is one of them; in a run, Shift with an arrow goes to another picture.
    const taken =
      (event.key.toLowerCase() === "n" && document.querySelector(".st-key-review-row button")) ||
      (event.shiftKey && event.key in ARROWS && document.querySelector(".st-key-run-steps"));
    if (free && !taken && viewer.data?.room && viewer.root.isConnected) pressKey(viewer, viewer.active, event);
  };
  const release = (event) => {
    if (event.key === " ") viewer.setBlink(false);
  };
  document.addEventListener("keydown", press, true);
  document.addEventListener("keyup", release, true);
  return () => {
    document.removeEventListener("keydown", press, true);
    document.removeEventListener("keyup", release, true);
  };
}

function showSheet({ root }) {
  const sheet = root.querySelector(".sheet");
  if (sheet.open) return sheet.close();
  sheet.querySelector(".all").replaceChildren(...Object.entries(SHEET).map(([title, rows]) => sheetPart(title, rows)));
  sheet.showModal();
}

function sheetPart(title, rows) {
  const part = document.createElement("section");
  const head = document.createElement("h3");
  head.textContent = title;
  const list = document.createElement("dl");
  for (const { keys = [], shown, words } of rows) {
    const term = document.createElement("dt");
    for (const key of shown ?? keys) {
      const sign = document.createElement("kbd");
      sign.textContent = SIGNS[key] ?? (key.length === 1 ? key.toUpperCase() : key);
      term.append(sign, " ");
    }
    const told = document.createElement("dd");
    told.textContent = words;
    list.append(term, told);
  }
  part.append(head, list);
  return part;
}
