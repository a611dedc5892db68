// The large button opens the file dialog of Streamlit's own uploader in the sidebar.
export default function ({ parentElement }) {
  parentElement.querySelector("button").onclick = () =>
    document.querySelector(".st-key-files input[type=file]")?.click();
}
