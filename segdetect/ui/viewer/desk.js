// Where the viewer's code and what waits for it meet, in whichever order they come: the parts that are to be shown, and
// the viewers that other parts of the page follow.
const NAME = Symbol.for("segdetect.viewer");

function desk() {
  if (!globalThis[NAME]) {
    let open;
    const opened = new Promise((resolve) => { open = resolve; });
    globalThis[NAME] = { opened, open, shows: null, viewers: new Map(), arrivals: new EventTarget() };
  }
  return globalThis[NAME];
}
