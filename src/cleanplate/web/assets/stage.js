/* The picture: a frame with its mask, or before and after with a divider, and pointing at it. */

import { Mask, Pictures, tint } from "./marks.js";

const OBJECT = "rgb(255, 74, 46)";
const HOLE = "rgb(255, 220, 60)"; // what is filled: the mask with its margin
const REST = "rgb(64, 130, 255)";
const $ = (id) => document.getElementById(id);

export class Stage {
  /* pointed(kind, what) is told what a person does: "box" [x, y, width, height], "inside" or
     "outside" [x, y], "painted" bits. */
  constructor(pointed) {
    this.canvas = $("view");
    this.context = this.canvas.getContext("2d");
    this.pointed = pointed;
    this.pictures = new Pictures();
    this.tool = "box";
    this.brush = 18;
    this.view = "mark";
    this.share = 0.5;
    this.asked = 0;
    this.cross = null;
    this.listen();
    this.listenDivider();
  }

  /* Show another clip, as the server tells of it. */
  open(clip) {
    const [height, width] = clip.seen;
    if (this.clip?.id !== clip.id) {
      this.canvas.width = width;
      this.canvas.height = height;
      $("stage").style.aspectRatio = `${width} / ${height}`;
      $("stage").style.setProperty("--shape", width / height);
      this.mask = new Mask(clip.seen);
      this.cross = null;
    }
    this.clip = clip;
  }

  /* Show a frame: of the clip with its mask, or of a job's result.
     live: a job that is following, whose masks are shown as they are found. growth: of the hole. */
  async show(frame, { view, job, live, growth }) {
    Object.assign(this, { frame, view, job, live });
    const ticket = ++this.asked;
    const base = `/api/clips/${this.clip.id}`;
    const wanted = [`${base}/frames/${frame}`];
    if (view === "mark") {
      const version = `v=${this.clip.version}`;
      const fresh = live && `${base}/masks/${frame}/live?j=${live.id}&d=${live.done}`;
      wanted.push(fresh || `${base}/masks/${frame}/object?${version}`);
      wanted.push(this.clip.static || this.clip.subtitles || this.clip.shadow?.frames ? `${base}/masks/${frame}/rest?${version}` : null);
      wanted.push(this.clip.everywhere && !live ? `${base}/masks/${frame}/hole?${version}&growth=${growth}` : null);
    } else if (this.has(frame)) {
      wanted.push(`/api/jobs/${job.id}/after/${frame}`);
      if (view === "origin" && job.kind === "fill") wanted.push(`/api/jobs/${job.id}/origin/${frame}`);
    }
    const found = await Promise.all(wanted.map((address) => address && this.pictures.get(address)));
    if (ticket !== this.asked) return; // another frame was asked for in the meantime
    [this.picture, this.over, this.layer, this.hole] = found;
    if (view === "mark") this.mask.set(this.over);
    this.draw();
  }

  /* Whether the job shown has filled a frame. */
  has(frame) {
    const { job } = this;
    if (!job) return false;
    if (job.kind === "try") return frame >= job.result.first && frame < job.result.first + job.result.frames;
    return job.state === "done" || frame < job.done;
  }

  draw() {
    const { context, canvas } = this;
    context.clearRect(0, 0, canvas.width, canvas.height);
    if (!this.picture) return;
    context.drawImage(this.picture, 0, 0);
    const parted = this.view !== "mark" && Boolean(this.over);
    if (this.view === "mark") {
      if (this.hole) tint(context, this.hole, HOLE, 0.3);
      tint(context, this.mask.canvas, OBJECT, 0.5);
      if (this.layer) tint(context, this.layer, REST, 0.55);
      this.drawPointing();
    } else if (parted) {
      this.drawParted();
    }
    $("divider").hidden = $("left-label").hidden = $("right-label").hidden = !parted;
  }

  drawParted() {
    const { context, canvas } = this;
    const x = Math.round(this.share * canvas.width);
    context.save();
    context.beginPath();
    context.rect(x, 0, canvas.width - x, canvas.height);
    context.clip();
    context.drawImage(this.over, 0, 0);
    if (this.layer) {
      context.globalAlpha = 0.75;
      context.drawImage(this.layer, 0, 0);
    }
    context.restore();
    $("divider").style.left = `${100 * this.share}%`;
    $("divider").setAttribute("aria-valuenow", Math.round(100 * this.share));
  }

  drawPointing() {
    const { context, canvas } = this;
    const line = Math.max(1, canvas.width / 500);
    const outlined = (draw) => {
      for (const [colour, width] of [["#000", 3 * line], ["#fff", line]]) {
        context.strokeStyle = colour;
        context.lineWidth = width;
        context.beginPath();
        draw();
        context.stroke();
      }
    };
    if (this.drag?.box) outlined(() => context.rect(...boxOf(this.drag.from, this.drag.to)));
    if (this.drag?.line?.length > 1) outlined(() => this.drag.line.forEach(({ x, y }) => context.lineTo(x, y)));
    if (this.cross && document.activeElement === canvas) {
      const { x, y } = this.cross;
      const reach = canvas.width / 40;
      outlined(() => {
        context.moveTo(x - reach, y);
        context.lineTo(x + reach, y);
        context.moveTo(x, y - reach);
        context.lineTo(x, y + reach);
      });
      if (this.corner) outlined(() => context.rect(...boxOf(this.corner, this.cross)));
    }
  }

  /* ---- pointing with a mouse, a finger or a pen */

  place(event) {
    const { canvas } = this;
    const seen = canvas.getBoundingClientRect();
    const x = ((event.clientX - seen.left) / seen.width) * canvas.width;
    const y = ((event.clientY - seen.top) / seen.height) * canvas.height;
    return { x: clamp(x, 0, canvas.width - 1), y: clamp(y, 0, canvas.height - 1) };
  }

  listen() {
    const { canvas } = this;
    canvas.addEventListener("pointerdown", (event) => {
      if (this.view !== "mark" || event.button || this.live) return;
      canvas.setPointerCapture(event.pointerId);
      this.begin(this.place(event));
    });
    canvas.addEventListener("pointermove", (event) => this.drag && this.move(this.place(event)));
    canvas.addEventListener("pointerup", (event) => this.drag && this.end(this.place(event)));
    canvas.addEventListener("pointercancel", () => {
      this.drag = null;
      this.draw();
    });
    canvas.addEventListener("keydown", (event) => this.press(event));
    for (const name of ["focus", "blur"]) canvas.addEventListener(name, () => this.draw());
  }

  begin(at) {
    this.cross = null;
    if (this.tool === "box") this.drag = { box: true, from: at, to: at };
    else if (this.painting) {
      this.drag = { from: at };
      this.before = this.mask.bits();
      this.mask.stroke(at, at, this.brush, this.tool === "erase");
    } else this.drag = { line: [at] };
    this.draw();
  }

  move(at) {
    if (this.drag.box) this.drag.to = at;
    else if (this.drag.line) this.drag.line.push(at);
    else {
      this.mask.stroke(this.drag.from, at, this.brush, this.tool === "erase");
      this.drag.from = at;
    }
    this.draw();
  }

  end(at) {
    const { drag } = this;
    this.drag = null;
    if (drag.box) this.tellBox(drag.from, at);
    else if (drag.line) this.pointed(this.tool, along(drag.line, this.canvas.width / 100));
    else this.pointed("painted", this.mask.bits());
    this.draw();
  }

  tellBox(from, to) {
    const box = boxOf(from, to).map(Math.round);
    if (Math.min(box[2], box[3]) >= 3) this.pointed("box", box);
  }

  get painting() {
    return this.tool === "paint" || this.tool === "erase";
  }

  /* ---- and with the keyboard: arrows move a cross, Enter or Space does what a click does */

  press(event) {
    if (this.view !== "mark" || !this.clip || this.live) return;
    const { canvas } = this;
    const step = event.shiftKey ? 1 : canvas.width / 60;
    const moves = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] };
    const at = this.cross ?? { x: canvas.width / 2, y: canvas.height / 2 };
    if (event.key in moves) {
      const [x, y] = moves[event.key];
      this.cross = { x: clamp(at.x + x * step, 0, canvas.width - 1), y: clamp(at.y + y * step, 0, canvas.height - 1) };
    } else if (event.key === "Enter" || event.key === " ") {
      this.cross = at;
      this.act(at);
    } else if (event.key === "Escape") this.corner = null;
    else return;
    event.preventDefault();
    this.draw();
  }

  act(at) {
    if (this.painting) {
      this.before = this.mask.bits();
      this.mask.stroke(at, at, this.brush, this.tool === "erase");
      this.pointed("painted", this.mask.bits());
    } else if (this.tool !== "box") this.pointed(this.tool, [rounded(at)]);
    else if (this.corner) {
      this.tellBox(this.corner, at);
      this.corner = null;
    } else this.corner = at;
  }

  /* ---- the divider */

  listenDivider() {
    const divider = $("divider");
    const put = (share) => {
      this.share = clamp(share, 0, 1);
      this.draw();
    };
    const follow = (event) => {
      const seen = this.canvas.getBoundingClientRect();
      put((event.clientX - seen.left) / seen.width);
    };
    divider.addEventListener("pointerdown", (event) => {
      divider.setPointerCapture(event.pointerId);
      divider.onpointermove = follow;
    });
    divider.addEventListener("lostpointercapture", () => (divider.onpointermove = null));
    this.canvas.addEventListener("pointerdown", (event) => this.view !== "mark" && follow(event));
    divider.addEventListener("keydown", (event) => {
      const steps = { ArrowLeft: -0.02, ArrowRight: 0.02, PageDown: -0.1, PageUp: 0.1, Home: -1, End: 1 };
      if (!(event.key in steps)) return;
      event.preventDefault();
      put(this.share + steps[event.key]);
    });
  }
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/* Points of a line as pixels, at least so far apart, and not more than the server takes. */
function along(line, step) {
  const kept = [line[0]];
  for (const at of line) {
    const last = kept.at(-1);
    if (Math.hypot(at.x - last.x, at.y - last.y) >= step) kept.push(at);
  }
  const most = 200;
  return kept.filter((_, i) => i % Math.ceil(kept.length / most) === 0).map(rounded);
}

const rounded = ({ x, y }) => [Math.floor(x), Math.floor(y)];
const boxOf = (a, b) => [Math.min(a.x, b.x), Math.min(a.y, b.y), Math.abs(a.x - b.x), Math.abs(a.y - b.y)];
