// Half of the world writes 0,35. A browser that is not set to such a language drops the comma from a field of numbers, and
// 35 was what counted, without a word. Here a comma that is typed or pasted there is the decimal point.
const FIELD = 'input[type="number"]';
// With a point as well it is not known which of them parts thousands.
const ONE_COMMA = /^[^.,]*,[^.,]*$/;

function point(event) {
  if (!event.target.matches?.(FIELD)) return;
  const text = event.data ?? event.dataTransfer?.getData("text/plain") ?? "";
  if (!ONE_COMMA.test(text)) return;
  event.preventDefault();
  // Unlike a value that is set, this comes to Streamlit as if it was typed, where the caret stands, and can be undone.
  document.execCommand("insertText", false, text.replace(",", "."));
}

export default function () {
  const ending = new AbortController();
  document.addEventListener("beforeinput", point, { signal: ending.signal, capture: true });
  return () => ending.abort();
}
