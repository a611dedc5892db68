// Hands each call over to the viewer's code, which comes in an element of its own because that one never changes: Streamlit
// sends an element that has changed with all of its script.
/** The height that the viewer will have, so that nothing below it moves when it comes. */
function heightOf({ height, panes }, width) {
  const stacked = width <= 640;
  const stage = stacked ? Math.min(height, Math.max(300, 1.04 * width)) : height;
  const title = panes.some((pane) => pane.title) ? 22 : 0;
  const tools = matchMedia("(pointer: coarse)").matches ? 92 : 76;
  return tools + (stage + title) * (stacked ? panes.length : 1) + (stacked ? 12 * (panes.length - 1) : 0);
}

export default async function (call) {
  if (!desk().show) {
    const blank = document.createElement("div");
    blank.style.height = `${heightOf(call.data, call.parentElement.host.clientWidth)}px`;
    call.parentElement.append(blank);
    await desk().opened;
    blank.remove();
  }
  return desk().show(call);
}
