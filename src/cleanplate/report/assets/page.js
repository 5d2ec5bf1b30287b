"use strict";
/* The report: one clip at a time on a stage with a divider, all takes in step beside it, the scores
   frame by frame, and a slice through time. */

const data = JSON.parse(document.getElementById("data").textContent);
const by = (id) => document.getElementById(id);
const COLOURS = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#999999"];
const LAYERS = { fill: "", error: ": error", source: ": where from" };
const LEGENDS = {
  error: "Error: mean absolute difference from the truth, black for none, yellow to white from 48 levels of 255 on.",
  source: "Where from: an earlier frame (light to dark blue with distance), a later one (yellow to dark red), " +
    "the same frame (white), invented (magenta), painted by a network (green).",
};

function made(tag, text = "", parts = {}) {
  const element = Object.assign(document.createElement(tag), parts);
  if (text) element.textContent = text;
  return element;
}

/* ---- saving the table */

for (const button of document.querySelectorAll("[data-save]")) {
  button.addEventListener("click", () => {
    const url = URL.createObjectURL(new Blob([data[button.dataset.save]], { type: "text/plain" }));
    made("a", "", { href: url, download: button.dataset.name }).click();
    URL.revokeObjectURL(url);
  });
}

by("fold").hidden = !document.querySelector("tbody.papers");
by("fold").addEventListener("click", () => {
  const folded = document.querySelector("table").classList.toggle("folded");
  by("fold").textContent = `${folded ? "Show" : "Hide"} what papers print`;
});

/* ---- the stage: two pictures under one divider, zoomed and moved together */

const stage = {
  canvas: by("view"),
  divider: 0.5,
  zoom: 1,
  centre: [0.5, 0.5],
  sheets: [new OffscreenCanvas(1, 1), new OffscreenCanvas(1, 1)],

  fit(clip) {
    by("stage").style.maxWidth = `${(75 * clip.width) / clip.height}vh`; // a tall clip fits, too
    const ratio = window.devicePixelRatio || 1;
    const width = Math.max(1, Math.round(this.canvas.clientWidth * ratio));
    this.canvas.width = width;
    this.canvas.height = Math.max(1, Math.round((width * clip.height) / clip.width));
    for (const sheet of this.sheets) [sheet.width, sheet.height] = [clip.width, clip.height];
  },

  /* From a place on the canvas (0 to 1) to one in the picture (0 to 1). */
  place(x, y) {
    return [x, y].map((v, i) => this.centre[i] + (v - 0.5) / this.zoom);
  },

  look(zoom, centre) {
    this.zoom = Math.min(Math.max(zoom, 1), 8);
    const edge = 0.5 / this.zoom;
    this.centre = centre.map((v) => Math.min(Math.max(v, edge), 1 - edge));
    by("zoom").value = this.zoom;
  },

  draw(clip, t, sides, line) {
    const context = this.canvas.getContext("2d");
    const { width, height } = this.canvas;
    const [x, y] = this.place(0, 0);
    const scale = (width / clip.width) * this.zoom;
    sides.forEach((side, index) => {
      const ink = this.sheets[index].getContext("2d");
      clip.draw(ink, t, side.take, side.layer);
    });
    context.imageSmoothingEnabled = scale < 3;
    const cut = Math.round(this.divider * width);
    [[0, cut], [cut, width - cut]].forEach(([from, wide], index) => {
      context.save();
      context.beginPath();
      context.rect(from, 0, wide, height);
      context.clip();
      context.setTransform(scale, 0, 0, scale, -x * clip.width * scale, -y * clip.height * scale);
      context.drawImage(this.sheets[index], 0, 0);
      context.restore();
    });
    if (line) this.mark(context, clip, line, scale, x, y);
    by("divider").style.left = `${100 * this.divider}%`;
    by("divider").setAttribute("aria-valuenow", Math.round(100 * this.divider));
  },

  mark(context, clip, line, scale, x, y) {
    context.setLineDash([6, 6]);
    context.strokeStyle = "rgb(255 255 255 / 75%)";
    context.beginPath();
    if (line.row !== undefined) {
      const at = (line.row + 0.5 - y * clip.height) * scale;
      context.moveTo(0, at);
      context.lineTo(this.canvas.width, at);
    } else {
      const at = (line.column + 0.5 - x * clip.width) * scale;
      context.moveTo(at, 0);
      context.lineTo(at, this.canvas.height);
    }
    context.stroke();
    context.setLineDash([]);
  },
};

/* ---- one clip on the page */

let clip = null; // with clip.info: what the run says of it
let clock = null;
let opened = 0;

function sides() {
  return ["left", "right"].map((id) => {
    const [layer, index] = by(id).value.split("/");
    return { layer, take: index === undefined ? null : clip.takes[index] };
  });
}

function wanted() {
  const layer = by("layer").value;
  return [...sides().map((s) => [s.take ?? {}, s.layer]), ...clip.takes.map((take) => [take, layer]),
    ...clip.takes.map((take) => [take, "fill"])];
}

function line() {
  const kind = document.querySelector("[name=line]:checked").value;
  return { [kind]: Number(by("line").value) };
}

async function show(t) {
  const asked = opened;
  await clip.ready(t, wanted());
  if (asked !== opened || t !== clock.t) return; // another clip or frame by now
  stage.draw(clip, t, sides(), line());
  by("seek").value = t;
  by("frame").value = `${clip.first + t} (${t + 1}/${clip.count})`;
  for (const small of document.querySelectorAll("#strip canvas")) {
    const take = clip.takes[small.dataset.take] ?? null;
    clip.draw(small.getContext("2d"), t, take, take ? by("layer").value : "hole");
  }
  curves.point(clip.first + t);
}

function again() {
  if (clip && clock) show(clock.t);
}

function slices() {
  const at = line();
  by("line-at").value = Object.entries(at).map(([kind, value]) => `${kind} ${value}`)[0];
  for (const canvas of document.querySelectorAll("#slices canvas")) {
    const across = at.row !== undefined;
    canvas.width = across ? clip.width : clip.count;
    canvas.height = across ? clip.count : clip.height;
    canvas.style.height = `${Math.max(across ? clip.count : clip.height / 2, 150)}px`;
    clip.slice(canvas.getContext("2d"), at, clip.takes[canvas.dataset.take] ?? null);
  }
}

function firstBox() {
  return clip.takes.flatMap((take) => take.boxes.filter(Boolean))[0] ?? [0, 0, clip.height, clip.width];
}

/* The column through the middle of the first hole. */
function middle() {
  const [, left, , width] = firstBox();
  return left + width / 2;
}

function fitLine() {
  const across = document.querySelector("[name=line]:checked").value === "row";
  by("line").max = (across ? clip.height : clip.width) - 1;
  const [top, , height] = firstBox();
  by("line").value = Math.round(across ? top + height / 2 : middle());
}

function choices(select, layers) {
  const items = [["before", clip.scored ? "truth" : "original"], ["hole", "with its hole"]];
  clip.takes.forEach((take, index) => {
    for (const layer of layers) {
      if (take[layer]) items.push([`${layer}/${index}`, take.label + LAYERS[layer]]);
    }
  });
  select.replaceChildren(...items.map(([value, text]) => made("option", text, { value })));
}

function figures(area, first) {
  const items = [[first, ""], ...clip.takes.map((take, index) => [take.label, index])];
  area.replaceChildren(...items.map(([text, index]) => {
    const figure = made("figure");
    const canvas = made("canvas", "", { width: clip.width, height: clip.height });
    canvas.dataset.take = index;
    figure.append(canvas, made("figcaption", text));
    return figure;
  }));
}

async function open(info) {
  clock?.pause();
  clip?.release();
  const mine = ++opened;
  by("clip-name").textContent = info.name;
  by("clip-note").textContent = info.note;
  curves.open(info);
  const shown = info.frames !== undefined;
  for (const id of ["stage-area", "slice-area"]) by(id).hidden = !shown;
  if (!shown) {
    clip = clock = null;
    return;
  }
  clip = new Clip({ ...info, takes: info.takes.filter((take) => take.fill) });
  for (const id of ["left", "right"]) choices(by(id), ["fill", "error", "source"]);
  by("left").value = "hole";
  if (clip.takes.length) by("right").value = "fill/0";
  figures(by("strip"), "with its hole");
  figures(by("slices"), clip.scored ? "truth" : "original");
  document.querySelectorAll("#strip figure").forEach((figure, index) => {
    if (index) figure.addEventListener("click", () => choose("right", `${by("layer").value}/${index - 1}`));
  });
  Object.assign(by("seek"), { max: clip.count - 1, value: 0 });
  stage.look(1, [0.5, 0.5]);
  stage.divider = middle() / clip.width;
  fitLine();
  stage.fit(clip);
  clock = new Clock(clip.count, clip.rate, show);
  playing(false);
  legend();
  await show(0);
  await clip.all(wanted(), (done, count) => {
    if (mine === opened) by("loading").textContent = done < count ? `${done}/${count}` : "";
  });
  if (mine === opened) slices();
}

function choose(id, value) {
  if ([...by(id).options].some((option) => option.value === value)) by(id).value = value;
  legend();
  again();
}

function legend() {
  const layers = new Set([...sides().map((side) => side.layer), by("layer").value]);
  by("legend").textContent = [...layers].map((layer) => LEGENDS[layer]).filter(Boolean).join(" ");
}

function playing(on) {
  if (on) clock.play();
  else clock.pause();
  by("play").textContent = on ? "Pause" : "Play";
  by("play").setAttribute("aria-pressed", on);
}

/* ---- the scores frame by frame */

const SVG = "http://www.w3.org/2000/svg";

function drawn(tag, attributes, text = "") {
  const element = document.createElementNS(SVG, tag);
  for (const [name, value] of Object.entries(attributes)) element.setAttribute(name, value);
  element.textContent = text;
  return element;
}

const curves = {
  info: null,
  wide: 1000,
  high: 200,

  open(info) {
    this.info = info;
    const names = [...new Set(info.takes.flatMap((take) => Object.keys(take.curves)))];
    by("curve-area").hidden = !names.length;
    const before = by("metric").value;
    by("metric").replaceChildren(...names.map((value) => made("option", value, { value })));
    by("metric").value = names.includes(before) ? before : names.find((n) => n.endsWith("_hole")) ?? names[0];
    if (names.length) this.draw();
  },

  draw() {
    const name = by("metric").value;
    const lines = this.info.takes.map((take) => (take.curves[name] ?? []).map(Number));
    const numbers = lines.flat().filter(Number.isFinite);
    const [low, high] = numbers.length ? [Math.min(...numbers), Math.max(...numbers)] : [0, 1];
    this.ends = [low, high];
    const room = (high - low || Math.abs(high) || 1) * 0.06;
    this.span = [low - room, high + room];
    this.count = Math.max(...lines.map((values) => values.length), 1);
    const svg = drawn("svg", { viewBox: `0 0 ${this.wide} ${this.high}`, preserveAspectRatio: "none",
      role: "img", "aria-label": `${name}, frame by frame` });
    for (const share of [0, 0.5, 1]) {
      const y = this.y(low + share * (high - low));
      svg.append(drawn("line", { x1: 0, x2: this.wide, y1: y, y2: y, stroke: "var(--line)" }));
    }
    lines.forEach((values, index) => svg.append(drawn("path", { d: this.path(values), fill: "none",
      stroke: COLOURS[index % COLOURS.length], "stroke-width": 2, "vector-effect": "non-scaling-stroke" })));
    this.head = drawn("line", { y1: 0, y2: this.high, stroke: "var(--ink)", "vector-effect": "non-scaling-stroke" });
    svg.append(this.head);
    svg.addEventListener("pointerdown", (event) => this.seek(event, svg));
    svg.addEventListener("pointermove", (event) => event.buttons && this.seek(event, svg));
    by("curve").replaceChildren(svg);
    this.point(clip && clock ? clip.first + clock.t : 0);
  },

  x(t) {
    return ((t + 0.5) / this.count) * this.wide;
  },

  y(value) {
    return this.high * (1 - (value - this.span[0]) / (this.span[1] - this.span[0]));
  },

  path(values) {
    let pen = "M";
    return values.map((value, t) => {
      if (!Number.isFinite(value)) {
        pen = "M";
        return "";
      }
      const step = `${pen}${this.x(t).toFixed(1)} ${this.y(value).toFixed(1)}`;
      pen = "L";
      return step;
    }).join("");
  },

  point(t) {
    if (!this.info || by("curve-area").hidden) return;
    this.head.setAttribute("x1", this.x(t));
    this.head.setAttribute("x2", this.x(t));
    const name = by("metric").value;
    const [low, high] = this.ends.map((value) => value.toPrecision(4));
    by("values").replaceChildren(made("span", `from ${low} to ${high}; frame ${t}`), ...this.info.takes.map((take, index) => {
      const span = made("span");
      const mark = made("i");
      mark.style.background = COLOURS[index % COLOURS.length];
      const value = Number(take.curves[name]?.[t]);
      const told = Number.isFinite(value) ? value.toPrecision(4) : take.curves[name]?.[t] ?? "none";
      span.append(mark, `${take.label} ${told}`);
      return span;
    }));
  },

  seek(event, svg) {
    const box = svg.getBoundingClientRect();
    const t = Math.floor(((event.clientX - box.left) / box.width) * this.count);
    if (clip && clock) {
      playing(false);
      clock.seek(t - clip.first);
    } else this.point(Math.min(Math.max(t, 0), this.count - 1));
  },
};

/* ---- what the hand does */

function spot(event) {
  const box = stage.canvas.getBoundingClientRect();
  return [(event.clientX - box.left) / box.width, (event.clientY - box.top) / box.height];
}

by("divider").addEventListener("pointerdown", (event) => {
  by("divider").setPointerCapture(event.pointerId);
  event.preventDefault();
  by("divider").focus();
});
by("divider").addEventListener("pointermove", (event) => {
  if (!by("divider").hasPointerCapture(event.pointerId)) return;
  stage.divider = Math.min(Math.max(spot(event)[0], 0), 1);
  again();
});
by("divider").addEventListener("keydown", (event) => {
  const step = { ArrowLeft: -0.02, ArrowRight: 0.02, Home: -1, End: 1 }[event.key];
  if (!step) return;
  event.preventDefault();
  stage.divider = Math.min(Math.max(stage.divider + step, 0), 1);
  again();
});

stage.canvas.addEventListener("pointerdown", (event) => {
  stage.canvas.setPointerCapture(event.pointerId);
  stage.grip = { from: spot(event), centre: stage.centre };
});
stage.canvas.addEventListener("pointermove", (event) => {
  if (!stage.canvas.hasPointerCapture(event.pointerId)) return;
  const here = spot(event);
  stage.look(stage.zoom, stage.grip.centre.map((v, i) => v - (here[i] - stage.grip.from[i]) / stage.zoom));
  again();
});
stage.canvas.addEventListener("wheel", (event) => {
  event.preventDefault();
  const [x, y] = spot(event);
  const held = stage.place(x, y);
  const zoom = Math.min(Math.max(stage.zoom * (event.deltaY < 0 ? 1.25 : 0.8), 1), 8);
  stage.look(zoom, [held[0] - (x - 0.5) / zoom, held[1] - (y - 0.5) / zoom]);
  again();
}, { passive: false });
stage.canvas.addEventListener("dblclick", (event) => {
  const [x, y] = stage.place(...spot(event));
  const across = document.querySelector("[name=line]:checked").value === "row";
  by("line").value = Math.floor(across ? y * clip.height : x * clip.width);
  slices();
  again();
});

/* Space plays, comma and point go frame by frame, unless a control has the keys. */
document.addEventListener("keydown", (event) => {
  if (!clock || event.target.closest("input, select, button, [role=slider]")) return;
  const step = { ",": -1, ".": 1 }[event.key];
  if (event.key === " ") playing(!clock.playing);
  else if (step) {
    playing(false);
    clock.seek(clock.t + step);
  } else return;
  event.preventDefault();
});

by("zoom").addEventListener("input", () => {
  stage.look(Number(by("zoom").value), stage.centre);
  again();
});
by("reset").addEventListener("click", () => {
  stage.look(1, [0.5, 0.5]);
  again();
});
by("play").addEventListener("click", () => playing(!clock.playing));
by("speed").addEventListener("change", () => {
  clock.speed = Number(by("speed").value);
  clock.seek(clock.t);
});
by("seek").addEventListener("input", () => {
  playing(false);
  clock.seek(Number(by("seek").value));
});
by("metric").addEventListener("change", () => curves.draw());
by("line").addEventListener("input", () => {
  slices();
  again();
});
for (const radio of document.querySelectorAll("[name=line]")) {
  radio.addEventListener("change", () => {
    fitLine();
    slices();
    again();
  });
}
for (const id of ["left", "right", "layer"]) {
  by(id).addEventListener("change", async () => {
    legend();
    again();
    await clip.all(wanted());
  });
}
addEventListener("resize", () => {
  if (!clip) return;
  stage.fit(clip);
  again();
});

/* ---- which clip */

function list(group) {
  by("clip-list").replaceChildren(...group.clips.map((info) => {
    const button = made("button", "", { type: "button", role: "tab" });
    if (info.frames) button.append(made("img", "", { src: info.frames[0], alt: "" }));
    button.append(made("span", info.name));
    button.setAttribute("aria-selected", "false");
    button.addEventListener("click", () => {
      for (const other of by("clip-list").children) other.setAttribute("aria-selected", other === button);
      open(info);
    });
    return button;
  }));
  by("clip-list").firstElementChild?.click();
}

if (data.groups.length) {
  by("clips").hidden = false;
  by("group-label").hidden = data.groups.length < 2;
  by("group").replaceChildren(...data.groups.map((group, value) => made("option", group.title, { value })));
  by("group").addEventListener("change", () => list(data.groups[by("group").value]));
  list(data.groups[0]);
}
