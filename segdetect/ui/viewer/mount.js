// Hands each call over to the viewer's code, which comes in an element of its own because that one never changes: Streamlit
// sends an element that has changed with all of its script.
/** The height that the part will have, so that nothing below it moves when it comes. */
function heightOf({ height, room, panes }, width) {
  if (!panes) return `${height}px`;
  if (room && innerWidth >= 1440) return `calc(100vh - ${room}px - var(--sd-above, 0px) + 72px)`;
  const stacked = width <= 640;
  const [across, down] = panes[0].size;
  const wanted = (width * down) / across;
  const high = room ? Math.min(Math.max(160, wanted), 0.74 * innerHeight) : height;
  const stage = stacked ? Math.min(Math.max(140, wanted + 10), 1.04 * width) : high;
  const title = panes.some((pane) => pane.title) ? 22 : 0;
  const tools = matchMedia("(pointer: coarse)").matches ? 92 : 72;
  return `${tools + (stage + title) * (stacked ? panes.length : 1) + (stacked ? 12 * (panes.length - 1) : 0)}px`;
}

export default async function (call) {
  if (!desk().shows) {
    const blank = document.createElement("div");
    blank.style.height = heightOf(call.data, call.parentElement.host.clientWidth);
    call.parentElement.append(blank);
    await desk().opened;
    blank.remove();
  }
  return desk().shows[call.data.kind](call);
}
