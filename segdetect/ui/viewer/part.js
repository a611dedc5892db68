// A part of the page beside a viewer that shows what the viewer shows, in another way.
class Part {
  constructor(root) {
    this.root = root;
    this.viewer = null;
    this.await = (event) => this.follow(event.type);
  }

  update(data, send) {
    this.data = data;
    this.send = send;
    desk().arrivals.addEventListener(data.viewer, this.await);
    this.follow(data.viewer);
  }

  follow(key) {
    const viewer = desk().viewers.get(key) ?? null;
    if (viewer !== this.viewer) {
      this.viewer?.followers.delete(this);
      viewer?.followers.add(this);
      this.viewer = viewer;
    }
    if (viewer?.data) this.refresh();
  }

  get pane() {
    return this.viewer.panes[0];
  }

  destroy() {
    this.viewer?.followers.delete(this);
    desk().arrivals.removeEventListener(this.data.viewer, this.await);
    this.root.parentNode.remove();
  }
}
