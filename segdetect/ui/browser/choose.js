// The large button opens the file dialog of Streamlit's own uploader in the sidebar. Its script may come later than this
// one: until it is there, the button cannot be pressed, for a browser opens no dialog long after a click.
const uploader = () => document.querySelector(".st-key-files input[type=file]");

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  button.onclick = () => uploader()?.click();
  const enable = () => {
    button.disabled = uploader() === null;
    return !button.disabled;
  };
  if (enable()) return;
  const timer = setInterval(() => enable() && clearInterval(timer), 50);
  return () => clearInterval(timer);
}
