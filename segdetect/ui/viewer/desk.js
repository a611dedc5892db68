// Where the viewer's code and the viewers that wait for it meet, in whichever order they come.
const NAME = Symbol.for("segdetect.viewer");

function desk() {
  if (!globalThis[NAME]) {
    let open;
    const opened = new Promise((resolve) => { open = resolve; });
    globalThis[NAME] = { opened, open, show: null };
  }
  return globalThis[NAME];
}
