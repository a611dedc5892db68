// The panels around the stage, which can be folded; how they were left is kept for the browser session.
const PANELS = Symbol.for("segdetect.panels");
const PANELS_KEY = "panels";

class Panels {
  constructor() {
    this.folded = recall(PANELS_KEY) ?? {};
    this.changes = new EventTarget();
    this.show();
  }

  toggle(name) {
    this.folded = { ...this.folded, [name]: !this.folded[name] };
    keep(PANELS_KEY, this.folded);
    this.show();
    this.changes.dispatchEvent(new Event("change"));
  }

  /** The page's style sheet does the rest. */
  show() {
    for (const name of ["side", "film"]) {
      document.documentElement.classList.toggle(`sd-folded-${name}`, Boolean(this.folded[name]));
    }
  }
}

function panels() {
  globalThis[PANELS] ??= new Panels();
  return globalThis[PANELS];
}
