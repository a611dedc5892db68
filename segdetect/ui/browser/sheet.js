// On a phone the controls are a sheet over the page. A page that is chosen there came under it, unseen, and a tap on what
// is left of the page beside the sheet did something there. Here both close the sheet.
const NARROW = matchMedia("(max-width: 767px)");
const SHEET = '.stSidebar[data-collapsed="false"]';
const CLOSE = '[data-testid="stSidebarCollapseButton"] button';
const PAGE = '[data-testid="stMain"], [data-testid="stHeader"]';

function close() {
  document.querySelector(`${SHEET} :is(${CLOSE})`)?.click();
}

function stop(event) {
  if (!NARROW.matches || !document.querySelector(SHEET) || !event.target.closest?.(PAGE)) return;
  event.preventDefault();
  event.stopPropagation();
  if (event.type === "click") close();
}

function follow({ target }) {
  // The link is followed first.
  if (NARROW.matches && target.closest?.(`${SHEET} .st-key-pages a`)) setTimeout(close);
}

export default function () {
  const ending = new AbortController();
  const { signal } = ending;
  for (const kind of ["pointerdown", "click"]) document.addEventListener(kind, stop, { signal, capture: true });
  document.addEventListener("click", follow, { signal });
  return () => ending.abort();
}
