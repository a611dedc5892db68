// The tools around the pictures: buttons, options, the before/after handle, status line and legend.
const FIRST_LOOKS = { brightness: 1, contrast: 1, wipe: 0.5, preset: "", window: null, picture: true, alike: true, ignored: true, good: "" };
const PER_PICTURE = ["brightness", "contrast", "preset", "window", "good", "picture"];
const USUAL_HEAT = 0.55;
const percentFormat = numberFormat({ style: "percent" });
const percent = (value) => percentFormat.format(value);

/** The heat layer is off where its opacity is said to be none; switched on, it has the usual one. */
function firstHeat(looks) {
  return { ...looks, heatOn: looks.heat > 0, heat: looks.heat || USUAL_HEAT };
}

function connectControls(viewer) {
  const { root } = viewer;
  const actions = {
    in: () => viewer.zoomBy(1.5),
    out: () => viewer.zoomBy(1 / 1.5),
    fit: () => viewer.fit(),
    actual: () => viewer.showActual(),
    next: () => viewer.step(1),
    previous: () => viewer.step(-1),
    clear: () => viewer.clear(),
    several: () => viewer.change({ several: !viewer.looks.several }),
    wipe: () => viewer.change({ wipeOn: !viewer.looks.wipeOn, good: "" }),
    layer: (button) => viewer.toggleLayer(button.dataset.layer),
    good: (button) => viewer.showGood(button.dataset.good),
    fold: (button) => panels().toggle(button.dataset.panel),
    help: () => showSheet(viewer),
    "close-help": () => root.querySelector(".sheet").close(),
    view: (button, { detail }) => {
      const options = root.querySelector(".options");
      showOptions(viewer, options.hidden);
      // Who opens them by keyboard goes on in them: they lie behind the layers and the pictures.
      if (detail === 0 && !options.hidden) options.querySelector("label:not([hidden]) input").focus();
    },
    full: () => toggleFullScreen(root),
    reset: () => viewer.reset(),
    ignore: () => viewer.board.toggle(),
    tool: (button) => viewer.board.choose(button.dataset.tool),
    undo: () => viewer.board.undo(),
    redo: () => viewer.board.redo(),
    "erase-all": () => viewer.board.clear(),
  };
  root.addEventListener("click", (event) => {
    const button = event.target.closest("button[data-do]");
    if (button) actions[button.dataset.do](button, event);
  });
  for (const near of ["pointerenter", "focusin"]) root.addEventListener(near, () => viewer.askValues());
  root.querySelector(".window select").addEventListener("change", ({ target }) => viewer.change({ preset: target.value }));
  root.addEventListener("input", (event) => {
    if (event.target.closest(".brush")) viewer.board.resize(Number(event.target.value));
    const { look } = event.target.dataset;
    if (!look) return;
    const value = event.target.type === "checkbox" ? event.target.checked : Number(event.target.value);
    viewer.change(look === "heat" ? { heat: value, heatOn: value > 0 } : { [look]: value });
  });
  root.addEventListener("keydown", (event) => {
    const options = root.querySelector(".options");
    if (event.key === "Escape" && !options.hidden) {
      showOptions(viewer, false);
      root.querySelector('[data-do="view"]').focus();
      event.stopPropagation();
    } else if (event.target.closest("select")) {
      event.stopPropagation();
    } else if (event.target.closest("button, input")) {
      // A tool that was used last does not take the stage its keys. Streamlit has single letters as its own shortcuts.
      if (event.key.length === 1 && event.key !== " ") pressKey(viewer, viewer.active, event);
      event.stopPropagation();
    }
  });
  const outside = (event) => {
    if (!event.composedPath().some((node) => node === root)) showOptions(viewer, false);
  };
  document.addEventListener("pointerdown", outside);
  const folded = () => refreshPanels(viewer);
  panels().changes.addEventListener("change", folded);
  root.querySelector(".panes").addEventListener("pointerdown", () => showOptions(viewer, false));
  const full = root.querySelector('[data-do="full"]');
  full.hidden = !document.fullscreenEnabled;
  root.addEventListener("fullscreenchange", () => {
    full.setAttribute("aria-pressed", String(root.matches(":fullscreen")));
  });
  return () => {
    document.removeEventListener("pointerdown", outside);
    panels().changes.removeEventListener("change", folded);
  };
}

function refreshPanels({ root }) {
  for (const button of root.querySelectorAll("[data-panel]")) {
    button.setAttribute("aria-pressed", String(!panels().folded[button.dataset.panel]));
  }
}

function showOptions(viewer, shown) {
  viewer.root.querySelector(".options").hidden = !shown;
  viewer.root.querySelector('[data-do="view"]').setAttribute("aria-expanded", String(shown));
}

function toggleFullScreen(root) {
  // Refused only where the page's owner forbids it; the button is hidden there.
  if (root.matches(":fullscreen")) document.exitFullscreen();
  else root.requestFullscreen();
}

/** Make all controls show the state of the viewer. */
function refreshControls(viewer) {
  const { root, looks, panes } = viewer;
  const press = (name, value) => root.querySelector(`[data-do="${name}"]`).setAttribute("aria-pressed", String(value));
  for (const button of root.querySelectorAll("[data-layer]")) {
    button.setAttribute("aria-pressed", String(Boolean(looks[LAYERS[button.dataset.layer]])));
    button.hidden = !isLayerThere(button.dataset.layer, panes);
  }
  for (const button of root.querySelectorAll("[data-good]")) {
    button.setAttribute("aria-pressed", String(looks.good === button.dataset.good));
    button.hidden = !panes.some((pane) => pane.data.good);
  }
  refreshPanels(viewer);
  press("wipe", looks.wipeOn);
  press("several", looks.several);
  root.querySelector('[data-do="several"]').hidden = !viewer.data.multiple;
  for (const input of root.querySelectorAll("[data-look]")) {
    const value = looks[input.dataset.look];
    if (input.type === "checkbox") input.checked = value;
    else input.value = value;
    if (input.nextElementSibling?.matches("output")) input.nextElementSibling.textContent = percent(value);
  }
  root.querySelector(".opacity").hidden = !panes.some((pane) => pane.data.heat);
  for (const pane of panes) pane.showLooks(looks);
  refreshPresets(viewer);
  refreshZoom(viewer);
  refreshLegend(viewer);
}

function refreshZoom({ root, view, active }) {
  const shown = percent(active.fit() * view.zoom);
  const button = root.querySelector(".percent");
  button.textContent = shown;
  button.setAttribute("aria-label", `Zoom ${shown}. Show at ${percent(1)}`);
  root.querySelector('[data-do="out"]').disabled = view.zoom <= 1;
  root.querySelector('[data-do="in"]').disabled = view.zoom >= maxZoom(active.fit());
}

/** The line under the pictures, the flag counter and the legend. */
function refreshStatus(viewer) {
  const { root, selected } = viewer;
  const pane = viewer.selectedPane();
  const readout = root.querySelector(".readout");
  readout.classList.toggle("hint", viewer.board.on || selected.length === 0);
  const { board } = viewer;
  const told = statusText(pane, selected, { column: "col" }) || hintText(viewer);
  readout.textContent = board.on ? HINTS[board.tool] : told;
  readout.title = board.on ? `${HINTS[board.tool]} ${KEYS[board.tool]}` : told;
  root.querySelector('[data-do="clear"]').hidden = board.on || selected.length === 0;
  const flagged = viewer.flaggedPane()?.tiles.ranked(true) ?? [];
  const at = flagged.indexOf(selected.at(-1)) + 1;
  root.querySelector(".count").textContent = at ? `${at} of ${flagged.length}` : flagged.length;
  for (const name of ["next", "previous"]) root.querySelector(`[data-do="${name}"]`).disabled = flagged.length === 0;
  refreshLegend(viewer);
}

function statusText(pane, selected, { column }) {
  const shown = selected.filter((tile) => tile < pane.tiles.count);
  if (shown.length === 0) return "";
  const text = pane.tiles.facts(shown.at(-1), { column, of: true });
  if (column === "column") return `${text.join(", ")}${shown.length > 1 ? `, ${shown.length} tiles chosen` : ""}`;
  return `${shown.length > 1 ? `${shown.length} tiles, last: ` : ""}${text.join(" \u00b7 ")}`;
}

function hintText({ panes }) {
  if (!panes.some((pane) => pane.data.selectable && pane.tiles.count)) return "Scroll or pinch to zoom, drag to move.";
  const touch = matchMedia("(pointer: coarse)").matches;
  return touch ? "Tap a tile to choose it, pinch to zoom." : "Click a tile to choose it, scroll to zoom, drag to move.";
}

function refreshLegend({ root, panes, selected, looks }) {
  const used = new Set(panes.flatMap((pane) => marksOf(pane, { alike: looks.alike, selected }).map((mark) => mark.role)));
  if (looks.outlines && panes.some((pane) => pane.data.truth.length)) used.add(ROLES.truth);
  if (selected.length > 1) used.add(ROLES.picked);
  if (selected.length) used.add(ROLES.selected);
  const samples = [...used].map((role) => {
    const line = (colour, width, dash) =>
      `<path d="M2 6h22" stroke="${colour}" stroke-width="${width}" stroke-dasharray="${dash}"/>`;
    return `<span><svg viewBox="0 0 26 12" aria-hidden="true">${line(INK, 7, "")}${line(role.colour, 3, role.dash)}</svg>${role.name}</span>`;
  });
  const legend = root.querySelector(".legend");
  legend.innerHTML = samples.join("");
  if (panes.some((pane) => pane.data.ignored)) legend.append(hatchSample());
  const heats = panes.map((pane) => pane.data).filter((data) => data.heat);
  const same = new Set(heats.map(({ heat }) => `${heat.palette} ${heat.notch} ${heat.words}`)).size === 1;
  if (looks.heatOn) legend.append(...(same ? heats.slice(0, 1) : heats).map((data) => heatSample(data, !same)));
}

function hatchSample() {
  const sample = document.createElement("span");
  const swatch = document.createElement("i");
  swatch.className = "swatch";
  sample.append(swatch, "Ignored");
  return sample;
}

/** The colours of a heat layer in a row, with a notch where its words say what begins. */
function heatSample({ title, heat: { palette, notch, words } }, named) {
  const sample = document.createElement("span");
  const bar = document.createElement("i");
  bar.className = "ramp";
  bar.style.backgroundImage = `linear-gradient(to right, ${rampOf(palette).join(", ")})`;
  if (notch !== null) bar.append(document.createElement("b"));
  if (notch !== null) bar.firstChild.style.left = `${100 * notch}%`;
  sample.append(bar, named && title ? `${title}: ${words}` : words);
  return sample;
}
