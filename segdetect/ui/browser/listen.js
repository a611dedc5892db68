// Lets the whole page take pictures, dropped anywhere or pasted. They are handed to Streamlit's own uploader in the
// sidebar, which stays the only way in.
const INPUT = ".st-key-files input[type=file]";

const carriesFiles = (event) => event.dataTransfer?.types.includes("Files") ?? false;

/** Whether an uploader takes by itself what is dropped there. */
const isTaken = ({ target }) => target instanceof Element && target.closest("[data-testid=stFileUploader]") !== null;

/** The uploader's own script may come later than this one: what is handed in before waits for it, up to 10 seconds. */
function hand(files, tries = 100) {
  const input = document.querySelector(INPUT);
  if (!input) {
    if (tries > 0) setTimeout(hand, 100, files, tries - 1);
    return;
  }
  const transfer = new DataTransfer();
  for (const file of files) transfer.items.add(file);
  input.files = transfer.files;
  input.dispatchEvent(new Event("change", { bubbles: true }));
}

function makeVeil(invitation) {
  const veil = document.createElement("div");
  veil.className = "sd-drop-veil";
  veil.textContent = invitation;
  (document.querySelector(".stApp") ?? document.body).append(veil);
  return veil;
}

function listen(invitation, signal) {
  let veil = null;
  const lift = () => {
    veil?.remove();
    veil = null;
  };
  const on = (name, act) => document.addEventListener(name, act, { signal });
  on("dragover", (event) => {
    if (!carriesFiles(event)) return;
    if (isTaken(event)) {
      lift();
      return;
    }
    event.preventDefault();
    veil ??= makeVeil(invitation);
  });
  on("dragleave", (event) => {
    // Every border within the page that the pointer crosses sends one of these, too.
    if (event.relatedTarget === null) lift();
  });
  on("drop", (event) => {
    lift();
    if (!carriesFiles(event) || isTaken(event)) return;
    event.preventDefault();
    hand([...event.dataTransfer.files]);
  });
  on("paste", (event) => {
    if (event.clipboardData?.files.length > 0) hand([...event.clipboardData.files]);
  });
  signal.addEventListener("abort", lift);
}

const endings = new WeakMap();

export default function ({ parentElement, data }) {
  if (!endings.has(parentElement)) {
    endings.set(parentElement, new AbortController());
    listen(data, endings.get(parentElement).signal);
  }
  return () => {
    endings.get(parentElement)?.abort();
    endings.delete(parentElement);
  };
}
