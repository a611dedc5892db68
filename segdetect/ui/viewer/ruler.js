// The scale bar in a corner of the stage: a round length that follows the zoom.
const RULER_SHARE = 0.25;
const RULER_PX = 160;
const lengthFormat = numberFormat({ maximumSignificantDigits: 1, maximumFractionDigits: 20 });

/** The longest of 1, 2, 5, 10, ... millimetres, and their tenths, that is at most this long. */
function roundLength(most) {
  const decade = 10 ** Math.floor(Math.log10(most));
  return decade * [5, 2, 1].find((step) => step * decade <= most || step === 1);
}

function refreshRuler(node, { scale }, room, mmPerPixel) {
  node.hidden = !mmPerPixel;
  if (!mmPerPixel) return;
  const pxPerMm = scale / mmPerPixel;
  const length = roundLength(Math.min(RULER_PX, RULER_SHARE * room.width) / pxPerMm);
  node.style.width = `${length * pxPerMm}px`;
  node.textContent = `${lengthFormat.format(length)} mm`;
}
