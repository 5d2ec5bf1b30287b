"use strict";
/* The study: an intro, clip after clip to be ranked, and the answers as a file.

   #study holds { study, key, clips: [ID] }, and a script of class "clip" for every clip what
   player.js describes. All names are meaningless; `key` says in a sealed form what they stand for,
   and is handed on as it is. */

const $ = (id) => document.getElementById(id);
const study = JSON.parse($("study").textContent);
const sources = new Map(
  [...document.querySelectorAll("script.clip")].map((script) => [script.id, script]),
);
const load = (id) => JSON.parse(sources.get(id).textContent);
const counted = (number, thing) => `${number} ${thing}${number === 1 ? "" : "s"}`;

/* ---- What is kept: who this is, in what order clips and takes come, and the answers so far. */

const PLACE = `cleanplate-study-${study.study}`;
let storing = true; // some browsers forbid it to pages that are files
let state = recall() ?? begin();

function hex(bytes) {
  const values = crypto.getRandomValues(new Uint8Array(bytes));
  return [...values].map((value) => value.toString(16).padStart(2, "0")).join("");
}

function shuffled(things) {
  const drawn = crypto.getRandomValues(new Uint32Array(things.length));
  const order = [...things];
  for (let i = order.length - 1; i > 0; i--) {
    const j = drawn[i] % (i + 1);
    [order[i], order[j]] = [order[j], order[i]];
  }
  return order;
}

function begin() {
  return { person: hex(16), clips: shuffled(study.clips), takes: {}, answers: {}, at: 0 };
}

function isKept(kept) {
  const same = kept && [...kept.clips].sort().join() === [...study.clips].sort().join();
  return same && kept.person && kept.takes && kept.answers && study.clips[kept.at];
}

/* What the browser keeps for the page, else what this tab does: that outlives a reload alone. */
function recall() {
  for (const read of [() => JSON.parse(localStorage.getItem(PLACE)), () => history.state]) {
    try {
      const kept = read();
      if (isKept(kept)) return kept;
    } catch {} // forbidden, or not what this page wrote
  }
  return null;
}

function keep() {
  try {
    localStorage.setItem(PLACE, JSON.stringify(state));
    storing = true;
  } catch {
    storing = false;
  }
  try {
    history.replaceState(state, "");
  } catch {} // some browsers limit how often; the next call tells it all
}

/* The answer to a clip, made when it is first seen. */
function answer(id = state.clips[state.at]) {
  return (state.answers[id] ??= { ranks: {}, replays: 0, seconds: 0 });
}

function isRanked(id) {
  const ranked = Object.keys(state.answers[id]?.ranks ?? {}).length;
  return ranked > 0 && ranked === state.takes[id]?.length;
}

const ranked = () => state.clips.filter(isRanked);

/* Give a take a rank. Who had the rank gets this one's old rank, or none. */
function rank(take, value) {
  const ranks = answer().ranks;
  const old = ranks[take];
  const other = Object.keys(ranks).find((id) => ranks[id] === value);
  delete ranks[take];
  if (other !== take) {
    if (other && old) ranks[other] = old;
    else if (other) delete ranks[other];
    ranks[take] = value;
  }
  keep();
  showRanks();
}

/* ---- Time spent, while the page can be seen. */

let since = null;

function measure(going) {
  const now = performance.now();
  if (since !== null) answer().seconds += (now - since) / 1000;
  since = going && !document.hidden ? now : null;
  keep();
}

/* ---- One clip. */

let clip = null;
let clock = null;
let figures = [];
let visit = 0; // counts clips shown, to notice that one was left while it was loading

async function show(at) {
  leave();
  state.at = at;
  turnTo("work");
  const mine = ++visit;
  clip = new Clip(load(state.clips[at]));
  state.takes[clip.id] ??= shuffled(clip.takes.map((take) => take.id));
  build();
  measure(true);
  const fills = clip.takes.map((take) => [take, "fill"]);
  await clip.all(fills, (done, count) => {
    if (mine === visit) $("loading").textContent = done < count ? `Loading ${done} of ${count}` : "";
  });
  if (mine !== visit) return;
  setReady(true);
  clock.seek(0);
  if (matchMedia("(prefers-reduced-motion: reduce)").matches) showPlaying();
  else play();
}

/* Put away the clip that is shown. */
function leave() {
  if (!clip) return;
  measure(false);
  clock.pause();
  clip.release();
  clip = null;
  visit += 1;
}

function build() {
  clock = new Clock(clip.count, clip.rate, draw);
  clock.speed = $("slow").getAttribute("aria-pressed") === "true" ? 0.5 : 1;
  figures = state.takes[clip.id].map((id, index) => makeTake(id, String.fromCharCode(65 + index)));
  $("stage").replaceChildren(...figures.map(({ figure }) => figure));
  $("stage").classList.remove("large");
  $("position").max = clip.count - 1;
  sizeCanvas($("before").querySelector("canvas"));
  $("reveal").hidden = !clip.holes;
  $("before").hidden = !clip.holes || $("reveal").getAttribute("aria-pressed") !== "true";
  const number = `Clip ${state.at + 1} of ${state.clips.length}`;
  $("where").textContent = number;
  document.title = `${number}: which looks most natural?`;
  $("back").disabled = state.at === 0;
  $("next").textContent = state.at + 1 < state.clips.length ? "Next" : "Finish";
  setReady(false);
  showRanks();
  arrange();
  $("where").focus();
}

function sizeCanvas(canvas) {
  canvas.width = clip.width;
  canvas.height = clip.height;
  return canvas.getContext("2d", { alpha: false });
}

function makeTake(id, letter) {
  const figure = $("take").content.firstElementChild.cloneNode(true);
  const context = sizeCanvas(figure.querySelector("canvas"));
  const picture = figure.querySelector(".picture");
  picture.setAttribute("aria-label", `${letter}: make large or small again`);
  picture.onclick = () => enlarge(figure);
  figure.querySelector("b").textContent = letter;
  const group = figure.querySelector(".ranks");
  group.setAttribute("aria-label", `Rank of ${letter}`);
  const buttons = clip.takes.map((_, index) => {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = index + 1;
    button.setAttribute("aria-label", `${letter} is number ${index + 1}`);
    button.onclick = () => rank(id, index + 1);
    return button;
  });
  group.replaceChildren(...buttons);
  return { figure, picture, context, buttons, take: clip.takes.find((take) => take.id === id) };
}

function setReady(ready) {
  const controls = [...$("stage").querySelectorAll("button"), $("pause"), $("replay"), $("position")];
  for (const control of controls) control.disabled = !ready;
}

function draw(t) {
  for (const { context, take } of figures) clip.draw(context, t, take);
  if (!$("before").hidden) {
    clip.draw($("before").querySelector("canvas").getContext("2d"), t, null, "hole");
  }
  $("position").value = t;
}

function showRanks() {
  const ranks = answer().ranks;
  for (const { take, buttons } of figures) {
    buttons.forEach((button, index) =>
      button.setAttribute("aria-pressed", String(ranks[take.id] === index + 1)),
    );
  }
  const missing = figures.length - Object.keys(ranks).length;
  $("left").textContent = missing ? `${missing} still without a rank` : "";
  $("next").disabled = missing > 0;
  $("stop").hidden = ranked().length === 0;
  const bar = $("done");
  bar.setAttribute("aria-valuemax", state.clips.length);
  bar.setAttribute("aria-valuenow", ranked().length);
  bar.firstElementChild.style.width = `${(100 * ranked().length) / state.clips.length}%`;
}

/* Make the pictures as large as the window allows: in one row, unless more rows gain much. */
function arrange() {
  if (!clip) return;
  const count = $("stage").classList.contains("large") ? 1 : figures.length;
  const work = getComputedStyle($("work"));
  const across = $("work").clientWidth - parseFloat(work.paddingLeft) * 2;
  const others = ["header", "#question", "#before", "footer"];
  const taken = others.map((part) => $("work").querySelector(part).offsetHeight);
  const down = innerHeight - taken.reduce((sum, height) => sum + height) - 44;
  const wide = (columns) => {
    const rows = Math.ceil(count / columns);
    const high = (down - (rows - 1) * 16) / rows - 54;
    return Math.min(
      (across - (columns - 1) * 16) / columns, (high * clip.width) / clip.height, 3 * clip.width,
    );
  };
  let best = count;
  for (let columns = count - 1; columns > 0; columns--) {
    if (wide(columns) > 1.3 * wide(best)) best = columns;
  }
  best = Math.ceil(count / Math.ceil(count / best)); // two and two rather than three and one
  const width = Math.floor(Math.max(wide(best), 140));
  $("stage").style.setProperty("--wide", `${width}px`);
  $("stage").style.setProperty("--row", `${best * width + (best - 1) * 16}px`);
}

function enlarge(figure) {
  const large = !($("stage").classList.contains("large") && figure.classList.contains("shown"));
  for (const each of figures) each.figure.classList.toggle("shown", each.figure === figure);
  $("stage").classList.toggle("large", large);
  arrange();
}

/* ---- Playing. */

function showPlaying() {
  $("pause").textContent = clock.playing ? "Pause" : "Play";
}

function play() {
  clock.play();
  showPlaying();
}

function toggle() {
  clock.toggle();
  showPlaying();
}

function replay() {
  answer().replays += 1;
  keep();
  clock.seek(0);
  play();
}

function step(by) {
  clock.pause();
  clock.seek((clock.t + by + clip.count) % clip.count);
  showPlaying();
}

/* Press a button that stays pressed; returns whether it is. */
function press(button) {
  const pressed = button.getAttribute("aria-pressed") !== "true";
  button.setAttribute("aria-pressed", String(pressed));
  return pressed;
}

$("pause").onclick = toggle;
$("replay").onclick = replay;
$("slow").onclick = () => {
  clock.speed = press($("slow")) ? 0.5 : 1;
  clock.seek(clock.t); // or the time that has passed would count at the new speed
};
$("reveal").onclick = () => {
  $("before").hidden = !press($("reveal"));
  arrange();
  clock.seek(clock.t);
};
$("position").oninput = () => {
  clock.pause();
  clock.seek(Number($("position").value));
  showPlaying();
};

/* ---- From screen to screen. */

function turnTo(name) {
  for (const part of ["intro", "work", "end"]) $(part).hidden = part !== name;
  scrollTo(0, 0);
}

function say(what, text) {
  for (const place of document.querySelectorAll(`[data-say="${what}"]`)) place.textContent = text;
}

function welcome() {
  turnTo("intro");
  keep();
  const methods = load(study.clips[0]).takes.length;
  say("clips", counted(state.clips.length, "short clip"));
  say("methods", String(methods));
  say("last", String(methods));
  const seen = ranked().length;
  $("begin").textContent = seen ? `Go on (${seen} of ${state.clips.length} ranked)` : "Begin";
  if (!storing) {
    $("kept").textContent =
      "This browser keeps nothing for this page: finish and save before you close it.";
  }
}

function finish() {
  leave();
  turnTo("end");
  document.title = "Thank you";
  const all = counted(state.clips.length, "clip");
  say("ranked", ranked().length < state.clips.length ? `${ranked().length} of ${all}` : all);
  $("text").value = exported();
  $("saved").textContent = "";
  $("end").querySelector("h1").focus();
}

/* Go to the next clip, or where all are ranked or the last was reached, to the end. */
function next() {
  if (state.at + 1 < state.clips.length) show(state.at + 1);
  else finish();
}

$("begin").onclick = () => (ranked().length < state.clips.length ? show(state.at) : finish());
$("next").onclick = next;
$("back").onclick = () => show(state.at - 1);
$("stop").onclick = finish;
$("return").onclick = () => show(state.at);
$("again").onclick = () => {
  if (!confirm("Start again? Answers that were not saved are lost.")) return;
  state = begin();
  welcome();
};

/* ---- The answers. */

function exported() {
  const answers = ranked().map((id) => {
    const { ranks, replays, seconds } = state.answers[id];
    return { clip: id, ranks, replays, seconds: Math.round(10 * seconds) / 10 };
  });
  const { study: name, key } = study;
  const told = { format: "cleanplate-study-1", study: name, person: state.person,
    at: new Date().toISOString(), answers, key };
  return `${JSON.stringify(told, null, 1)}\n`;
}

$("save").onclick = () => {
  const name = `answers-${state.person.slice(0, 8)}.json`;
  $("text").value = exported();
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([$("text").value], { type: "application/json" }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000); // not before the browser has read it
  $("saved").textContent = `Saved as ${name}, where this browser puts its downloads.`;
};

$("copy").onclick = async () => {
  $("text").select();
  try {
    await navigator.clipboard.writeText($("text").value);
    $("saved").textContent = "Copied.";
  } catch {
    $("saved").textContent = "The text is selected: copy it with Ctrl+C.";
  }
};

/* ---- Keys and the window. */

const KEYS = {
  p: toggle, r: replay, s: () => $("slow").click(), n: () => $("next").click(),
  ",": () => step(-1), ".": () => step(1),
};

/* The take that the keys are about: the large one, or where the focus is. */
function chosen() {
  if ($("stage").classList.contains("large")) {
    return figures.find(({ figure }) => figure.classList.contains("shown"));
  }
  return figures.find(({ figure }) => figure.contains(document.activeElement));
}

function choose(index) {
  const { figure, picture } = figures[index];
  if ($("stage").classList.contains("large") && !figure.classList.contains("shown")) enlarge(figure);
  picture.focus();
}

addEventListener("keydown", (event) => {
  if ($("work").hidden || event.ctrlKey || event.metaKey || event.altKey) return;
  if ($("replay").disabled) return; // still loading
  const key = event.key.toLowerCase();
  const letter = key.length === 1 ? key.charCodeAt(0) - 97 : -1;
  const take = chosen();
  if (letter >= 0 && letter < figures.length) choose(letter);
  else if (Number(key) >= 1 && Number(key) <= figures.length && take) {
    rank(take.take.id, Number(key));
  } else if (key === "z" && take) enlarge(take.figure);
  else if (key === "escape" && $("stage").classList.contains("large")) enlarge(take.figure);
  else if (key === " " && document.activeElement.tagName !== "BUTTON") toggle();
  else if (KEYS[key]) KEYS[key]();
  else return;
  event.preventDefault();
});
addEventListener("resize", arrange);
document.addEventListener("visibilitychange", () => {
  if (clip) measure(true);
});
addEventListener("pagehide", () => {
  if (clip) measure(false);
});
addEventListener("beforeunload", (event) => {
  if (!storing && ranked().length) event.preventDefault();
});

welcome();
