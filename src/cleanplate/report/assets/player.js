"use strict";
/* Clips of small pictures, drawn in step. What a page holds of a clip:

   { id, height, width, rate,        rate: frames a second
     frames: [URI],                  the frames as they were
     holes:  [URI or null],          white in the hole, transparent outside (may be absent)
     takes:  [{ id, boxes: [[top, left, height, width] or null],   where the hole lies, frame by frame
                fill:   [URI or null],   the result inside that box, transparent outside the hole
                error:  [...], source: [...] }] }                  of the same kind, may be absent

   Pictures are decoded when they are first needed and let go with the clip. */

class Clip {
  constructor(data) {
    Object.assign(this, data);
    this.count = data.frames.length;
    this.pictures = new Map();
  }

  /* Resolve when the pictures of frame t that the layers (of takes) need are decoded. */
  ready(t, wanted = this.takes.map((take) => [take, "fill"])) {
    const uris = [this.frames[t], ...wanted.map(([take, layer]) => take[layer]?.[t])];
    if (this.holes) uris.push(this.holes[t]);
    return Promise.all(uris.filter(Boolean).map((uri) => this.decode(uri)));
  }

  /* Resolve when every frame is ready; tell(done, count) is called on the way. */
  async all(wanted, tell = () => {}) {
    for (let t = 0; t < this.count; t++) {
      await this.ready(t, wanted);
      tell(t + 1, this.count);
    }
  }

  decode(uri) {
    if (!this.pictures.has(uri)) {
      const picture = new Image();
      picture.src = uri;
      this.pictures.set(uri, { picture, done: picture.decode() });
    }
    return this.pictures.get(uri).done;
  }

  picture(uri) {
    return uri ? this.pictures.get(uri)?.picture : undefined;
  }

  release() {
    this.pictures.clear();
  }

  /* Draw frame t, which must be ready, on a canvas of the clip's size.
     layer: "before", "hole" (the hole tinted), or a layer of the take. */
  draw(context, t, take = null, layer = "fill") {
    const frame = this.picture(this.frames[t]);
    if (!frame) return;
    context.globalAlpha = 1;
    if (layer === "error" || layer === "source") {
      context.fillStyle = "#000";
      context.fillRect(0, 0, this.width, this.height);
      context.globalAlpha = layer === "source" ? 0.45 : 0.2;
    }
    context.drawImage(frame, 0, 0, this.width, this.height);
    context.globalAlpha = 1;
    if (layer === "hole") this.tint(context, t);
    const over = take && this.picture(take[layer]?.[t]);
    if (over) {
      const [top, left, height, width] = take.boxes[t];
      context.drawImage(over, left, top, width, height);
    }
  }

  /* Lay the hole of frame t over what is drawn. */
  tint(context, t) {
    const hole = this.picture(this.holes?.[t]);
    if (!hole) return;
    const sheet = new OffscreenCanvas(this.width, this.height);
    const ink = sheet.getContext("2d");
    ink.drawImage(hole, 0, 0, this.width, this.height);
    ink.globalCompositeOperation = "source-in";
    ink.fillStyle = "rgb(40, 230, 90)";
    ink.fillRect(0, 0, this.width, this.height);
    context.globalAlpha = 0.5;
    context.drawImage(sheet, 0, 0);
    context.globalAlpha = 1;
  }

  /* Draw one line of the clip over time: x to the right, frames downwards, or, of a column,
     frames to the right and y downwards. line: { row } or { column }. All frames must be ready. */
  slice(context, line, take = null, layer = "fill") {
    const across = line.row !== undefined;
    for (let t = 0; t < this.count; t++) {
      const frame = this.picture(this.frames[t]);
      if (!frame) continue;
      if (across) context.drawImage(frame, 0, line.row, this.width, 1, 0, t, this.width, 1);
      else context.drawImage(frame, line.column, 0, 1, this.height, t, 0, 1, this.height);
      const over = take && this.picture(take[layer]?.[t]);
      if (!over) continue;
      const [top, left, height, width] = take.boxes[t];
      const inside = across ? line.row - top : line.column - left;
      if (inside < 0 || inside >= (across ? height : width)) continue;
      if (across) context.drawImage(over, 0, inside, width, 1, left, t, width, 1);
      else context.drawImage(over, inside, 0, 1, height, t, top, 1, height);
    }
  }
}

/* Time for everything on a page that plays in step. show(t) is called for every new frame. */
class Clock {
  constructor(count, rate, show) {
    Object.assign(this, { count, rate, show, t: 0, speed: 1, playing: false, loops: 0 });
  }

  seek(t) {
    this.t = Math.min(Math.max(Math.round(t), 0), this.count - 1);
    this.began = null;
    this.show(this.t);
  }

  play() {
    if (this.playing) return;
    this.playing = true;
    this.began = null;
    this.next = requestAnimationFrame((now) => this.tick(now));
  }

  pause() {
    this.playing = false;
    cancelAnimationFrame(this.next);
  }

  toggle() {
    if (this.playing) this.pause();
    else this.play();
  }

  tick(now) {
    if (this.began === null) {
      this.began = now;
      this.from = this.t;
    }
    const passed = Math.floor(((now - this.began) / 1000) * this.rate * this.speed);
    const t = (this.from + passed) % this.count;
    if (t !== this.t) {
      if (t < this.t) this.loops += 1;
      this.t = t;
      this.show(t);
    }
    this.next = requestAnimationFrame((later) => this.tick(later));
  }
}
