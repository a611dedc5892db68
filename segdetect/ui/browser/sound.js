// Tones for what is called out, told apart by their number and pitch. A browser lets a page be heard only after a click.
const TONES = { OK: [880], LOOK: [587, 587], "NOT OK": [440, 330, 247] };
const SECONDS = 0.16;
const LOUDNESS = 0.25;

let audio = null; // of this tab, from the click that asked for it until the one that ends it
let heard = null;

function beep(call) {
  (TONES[call] ?? []).forEach((pitch, at) => {
    const begin = audio.currentTime + at * SECONDS * 1.3;
    const tone = new OscillatorNode(audio, { type: "triangle", frequency: pitch });
    const volume = new GainNode(audio, { gain: 0 });
    // Rising and falling softly: a tone that is cut off clicks.
    volume.gain.setValueAtTime(0, begin);
    volume.gain.linearRampToValueAtTime(LOUDNESS, begin + 0.02);
    volume.gain.linearRampToValueAtTime(0, begin + SECONDS);
    tone.connect(volume).connect(audio.destination);
    tone.start(begin);
    tone.stop(begin + SECONDS);
  });
}

export default function ({ parentElement, data }) {
  const button = parentElement.querySelector("button");
  const show = () => {
    button.setAttribute("aria-pressed", String(audio !== null));
    button.querySelector("span").textContent = audio ? "Sound is on" : "Sound is off";
  };
  button.onclick = () => {
    if (audio) {
      audio.close();
      audio = null;
    } else {
      audio = new AudioContext();
      beep("OK"); // so that it is known how loud it is
    }
    show();
  };
  show();
  if (audio && heard !== null && data.newest > heard) beep(data.call);
  heard = data.newest;
}
