// What tables lack for who has no pointer or does not see them.
//
// The box before a table's row is chosen by Shift and Space, which nobody guesses; Space alone, which chooses a box
// everywhere else, opens a cell that only repeats what it shows. Here Space chooses the row, too, and Enter opens the cell.
//
// A picture in a cell is read aloud as its address, thousands of letters long. Here it is read as "picture".
const TABLE = '[data-testid="stDataFrame"] canvas';
const CELL = `:is(${TABLE}, [data-testid="stDataFrame"] [role="gridcell"])`;
const STATE = "data-test-script-state";
// Tables are drawn a moment after a run has ended.
const DRAWN_MS = 400;

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

function name(table) {
  for (const cell of table.querySelectorAll('[role="gridcell"]')) {
    // The text alone is changed, which the table changes itself when another row comes to stand there.
    if (cell.firstChild?.data?.startsWith("data:")) cell.firstChild.data = "picture";
  }
}

export default function () {
  const ending = new AbortController();
  const { signal } = ending;
  const seen = new WeakSet();
  const watch = new MutationObserver((records) => {
    for (const table of new Set(records.map(({ target }) => (target.closest ? target : target.parentElement)?.closest("canvas")))) {
      if (table) name(table);
    }
  });
  const follow = () => {
    for (const table of document.querySelectorAll(TABLE)) {
      if (!seen.has(table)) watch.observe(table, { childList: true, characterData: true, subtree: true });
      seen.add(table);
      name(table);
    }
  };
  let timer = null;
  const app = document.querySelector("[data-testid=stApp]");
  const runs = new MutationObserver(() => {
    clearTimeout(timer);
    timer = setTimeout(follow, DRAWN_MS);
  });
  if (app) runs.observe(app, { attributes: true, attributeFilter: [STATE] });
  follow();
  document.addEventListener("keydown", choose, { signal, capture: true });
  document.addEventListener("focusin", ({ target }) => { if (target.matches?.(CELL)) follow(); }, { signal, capture: true });
  return () => {
    ending.abort();
    clearTimeout(timer);
    watch.disconnect();
    runs.disconnect();
  };
}
