// The bar of the verdict while another threshold is tried: what the server will say of it, in the same words.
const BORDERLINE = 1.1;
const KINDS = ["normal", "suspicious", "anomalous", "cannot-tell", "disagree"];
const WORDS = { normal: "Normal", suspicious: "Suspicious", anomalous: "Anomalous" };
let shownBefore = null;

function verdictOf(tiles, threshold) {
  if (!tiles.flagged.size) return "normal";
  const strongest = tiles.scores[tiles.ranked(true)[0]];
  return threshold <= 0 || strongest / threshold >= BORDERLINE ? "anomalous" : "suspicious";
}

function leadOf(tiles, verdict) {
  if (verdict === "normal") return "Nothing stands out";
  const [first] = tiles.ranked(true);
  const place = `row ${tiles.row(first) + 1}, column ${tiles.col(first) + 1}`;
  const one = tiles.flagged.size === 1;
  const count = `${tiles.flagged.size} of ${tiles.ranked(false).length} tiles ${one ? "stands" : "stand"} out`;
  if (verdict === "suspicious") return `${count}, but only just: look at ${place}`;
  return `${count}${one ? ": " : ", most of all "}${place}`;
}

/** Show what goes for the threshold that is tried; null shows again what the server said. */
function sayVerdict(tiles, threshold) {
  const bar = document.querySelector(".sd-bar");
  if (!bar) return;
  const [word, lead, gauge, figures] = ["word", "lead", "gauge i", "figures"].map((part) => bar.querySelector(`.sd-${part}`));
  const parts = { word, lead, gauge, figures };
  if (threshold === null) return void restoreVerdict(bar, parts);
  if (shownBefore?.word !== parts.word) {
    const texts = [word, lead, figures].map((node) => node?.textContent);
    shownBefore = { word, kind: bar.className, texts, wide: gauge?.style.width };
  }
  const verdict = verdictOf(tiles, threshold);
  bar.classList.remove(...KINDS.map((kind) => `sd-${kind}`));
  bar.classList.add(`sd-${verdict}`);
  word.textContent = WORDS[verdict];
  lead.textContent = leadOf(tiles, verdict);
  if (!gauge) return;
  const highest = tiles.scores[tiles.ranked(false)[0]];
  gauge.style.width = `${threshold > 0 ? Math.min(100, (50 * highest) / threshold) : 100}%`;
  figures.textContent = `${tiles.score.format(highest)} / ${tiles.score.format(threshold)}`;
}

function restoreVerdict(bar, { word, lead, gauge, figures }) {
  if (shownBefore?.word === word) {
    bar.className = shownBefore.kind;
    [word.textContent, lead.textContent] = shownBefore.texts;
    if (gauge) [gauge.style.width, figures.textContent] = [shownBefore.wide, shownBefore.texts[2]];
  }
  shownBefore = null;
}
