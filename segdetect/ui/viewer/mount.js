// Hands each call over to the viewer's code, which comes in an element of its own because that one never changes: Streamlit
// sends an element that has changed with all of its script.
export default async function (call) {
  await desk().opened;
  return desk().show(call);
}
