// Which tiles are chosen, as Python has it: unseen, and apart from the viewer, so that a choice sends no picture's tiles again.
const CHOICE = "<div hidden></div>";

class Choice extends Part {
  follow(key) {
    super.follow(key);
    if (this.viewer?.data) this.viewer.take(this);
  }

  refresh() {}

  destroy() {
    if (this.viewer?.choice === this) this.viewer.choice = null;
    super.destroy();
  }
}
