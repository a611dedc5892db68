// The box before a table's row is chosen by Shift and Space, which nobody guesses; Space alone, which chooses a box
// everywhere else, opens a cell that only repeats what it shows. Here Space chooses the row, too, and Enter opens the cell.
const CELL = '[data-testid="stDataFrame"] :is(canvas, [role="gridcell"])';

function choose(event) {
  const { target, key, shiftKey, altKey, ctrlKey, metaKey } = event;
  if (key !== " " || shiftKey || altKey || ctrlKey || metaKey || !target.matches?.(CELL)) return;
  event.preventDefault();
  event.stopImmediatePropagation();
  const { code, keyCode } = event;
  target.dispatchEvent(
    new KeyboardEvent("keydown", { key, code, keyCode, shiftKey: true, bubbles: true, cancelable: true, composed: true }),
  );
}

export default function () {
  document.addEventListener("keydown", choose, { capture: true });
  return () => document.removeEventListener("keydown", choose, { capture: true });
}
