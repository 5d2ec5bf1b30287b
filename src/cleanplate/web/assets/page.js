/* The page: what the server tells of clips and jobs is shown; what a person does is asked of it. */

import { get, post, put, remove, sentence, upload } from "./ask.js";
import { listJobs } from "./jobs.js";
import { button, keyed, listed, renew } from "./renew.js";
import { Stage } from "./stage.js";

const SOON = 350; // milliseconds between two questions while something is being done
const LATER = 4000;
const KINDS_SHOWN = ["try", "fill"];
const HINTS = {
  box: "Draw a box around what is to go: all of it inside. A shadow that moves with it can be found in step 2; else take it in.",
  inside: "Click on what is to go, or draw a line over it. Click again on parts that were missed.",
  outside: "Click on what was taken by mistake, or draw a line over it.",
  paint: "Paint over what is to go.",
  erase: "Paint over what was marked by mistake.",
};

const SHADOW_NEEDS = "A shadow is told by how its object moves: follow it first.";

const FOUND = {
  static: { what: "Stands still", counted: "patches", one: "patch", several: "patches", none: "Nothing was found that stands still." },
  subtitles: { what: "Subtitles", counted: "lines", one: "line", several: "lines", none: "No subtitles were found." },
  shadow: {
    what: "Its shadow",
    counted: "frames",
    one: "frame",
    several: "frames",
    none: "No shadow could be told: there is none, or it hardly moves over the ground. If there is one, paint it.",
    lost: "The object has changed since its shadow was found: find it again.",
  },
};

const $ = (id) => document.getElementById(id);
let state = { clips: [], jobs: [] };
let clip = null; // the one that is shown
let opening = false; // whether the start is shown though there are clips
let shown = null; // the job whose result is looked at
let following = true; // whether the picture goes along with what is being followed
let home = null; // the frame that it comes back to
let timer = 0;
let sent = null;
let told = false; // whether the server has told anything yet
const past = []; // what to undo: { clip, frame, bits or null }
const known = new Map(); // jobs by id, as they were

const stage = new Stage(pointed);
const clock = new Clock(1, 25, (t) => seek(first() + t, true));

/* ---- asking, and showing what was told */

async function refresh() {
  clearTimeout(timer);
  try {
    take(await get("/api/state"));
  } catch (refusal) {
    say(refusal.message);
    if (refusal.status === 401) say("This page was forgotten by the server. Load it again.");
  }
  const busy = state.jobs.some((job) => isBusy(job));
  timer = setTimeout(refresh, busy ? SOON : LATER);
}

const hasOrigin = (job) => job?.kind === "fill" && job.result?.restored === undefined;
const isBusy = (job) => job.state === "waiting" || job.state === "running";
const jobsOf = (kind) => state.jobs.filter((job) => job.clip === clip?.id && job.kind === kind);
const busyWith = (kind) => jobsOf(kind).find(isBusy);

function take(now) {
  const before = clip && `${clip.id} ${clip.version} ${clip.open}`;
  state = now;
  const open = state.clips.filter((one) => one.open);
  const wanted = sessionStorage.getItem("clip");
  clip = open.find((one) => one.id === (clip?.id ?? wanted)) ?? open.at(-1) ?? null;
  for (const job of state.jobs) noticed(job, known.get(job.id));
  told = true;
  shown = shown && (state.jobs.find((job) => job.id === shown.id && job.clip === clip?.id) ?? null);
  const changed = before !== (clip && `${clip.id} ${clip.version} ${clip.open}`);
  if (clip && changed) opened();
  showLive();
  render();
}

/* A job that has just ended, or begun. */
function noticed(job, before) {
  known.set(job.id, job);
  if (!told) {
    if (job.kind === "fill" && job.state === "running" && job.clip === clip?.id) shown ??= job;
    return; // what ended before the page was loaded is no news
  }
  if (before?.state === job.state) return;
  if (job.state === "failed") say(job.message);
  if (job.state === "done" && job.kind === "open") {
    choose(state.clips.find((one) => one.id === job.clip));
    opening = false;
  }
  if (job.state === "done" && KINDS_SHOWN.includes(job.kind) && job.clip === clip?.id) look(job);
  if (job.state === "done" && ["mask", "mend"].includes(job.kind) && job.clip === clip?.id) redraw();
  if (job.kind === "follow" && !isBusy(job) && following && home !== null) {
    $("frame").value = home; // back to where it was before
    home = null;
  }
}

function choose(one) {
  clip = one ?? null;
  shown = null;
  if (clip) sessionStorage.setItem("clip", clip.id);
  past.length = 0;
  if (clip) opened(true);
  render();
}

function opened(fresh = false) {
  stage.open(clip);
  if (fresh || Number($("frame").max) !== last()) seek(Math.min(stage.frame ?? 0, last()));
  else redraw();
}

/* While the object is being followed, its mask is shown as it is found. */
function showLive() {
  const live = busyWith("follow");
  if (!clip) return;
  if (live?.state === "running" && live.at !== null && view() === "mark") {
    if (following) $("frame").value = live.at;
    redraw();
  } else if (shown?.state === "running") {
    redraw();
  } else if (stage.live && !live) redraw();
}

/* ---- what is looked at: the mask, or a result */

const view = () => (shown ? stage.view : "mark");
const first = () => (shown?.kind === "try" && view() !== "mark" ? shown.result.first : 0);
const count = () => (shown?.kind === "try" && view() !== "mark" ? shown.result.frames : clip.frames);
const last = () => first() + count() - 1;

function look(job, how = "after") {
  if (job && job.clip !== clip?.id) choose(state.clips.find((one) => one.id === job.clip));
  opening = opening && !job;
  shown = job;
  stage.view = job ? how : "mark";
  if (job?.kind === "try") seek(clamp(Number($("frame").value), first(), last()));
  else redraw();
  render();
}

function showView(name) {
  stage.view = name;
  redraw();
  render();
}

function seek(frame, playing = false) {
  if (!clip) return;
  if (!playing) clock.t = clamp(frame - first(), 0, count() - 1);
  $("frame").value = frame;
  redraw();
}

function redraw() {
  if (!clip) return;
  const live = view() === "mark" ? busyWith("follow") : null;
  const running = live?.state === "running" && live.at !== null ? live : null;
  Object.assign(clock, { count: count(), rate: clip.rate });
  Object.assign($("frame"), { min: first(), max: last() });
  const frame = clamp(Number($("frame").value), first(), last());
  $("number").textContent = `${frame + 1} of ${clip.frames}`;
  $("frame").setAttribute("aria-valuetext", `frame ${frame + 1} of ${clip.frames}`);
  const shows = view() === "origin" && !hasOrigin(shown) ? "after" : view();
  stage.show(frame, { view: shows, job: shown, live: running, growth: $("growth").value });
  const missing = shown && view() !== "mark" && isBusy(shown) && !stage.has(frame);
  $("wait").textContent = missing ? "This frame is not filled yet" : "";
  for (let ahead = 1; ahead < 6 && clock.playing; ahead++) {
    stage.pictures.get(`/api/clips/${clip.id}/frames/${first() + ((frame - first() + ahead) % count())}`);
  }
  buttons();
}

const clamp = (value, least, most) => Math.min(Math.max(value, least), most);

/* ---- what is said */

function say(text) {
  $("message").textContent = text;
  $("message").hidden = !text;
}

function render() {
  const starting = !clip || opening;
  $("start").hidden = !starting;
  $("work").hidden = starting;
  $("another").hidden = starting;
  $("back").hidden = !clip;
  $("clips").hidden = starting || state.clips.length < 2;
  if (state.limits) {
    $("limits").textContent = `Up to ${Math.floor(state.limits.upload / 1e6)} MB and ${state.limits.frames} frames.`;
  }
  $("ways").hidden = !(state.ways?.length > 1);
  for (const option of $("way").options) option.hidden = option.disabled = !state.ways?.includes(option.value);
  if ($("way").selectedOptions[0]?.disabled) $("way").value = "usual";
  renderClips();
  listJobs($("jobs"), starting ? state.jobs.filter((job) => job.kind === "open" || isBusy(job)) : state.jobs, state.clips, { look, stop });
  $("jobs-card").hidden = !$("jobs").children.length;
  const place = starting ? $("drop") : $("work");
  if ($("jobs-card").parentElement !== place) place.append($("jobs-card"));
  if (!starting) {
    renderSteps();
    renderViews();
    drawSureness();
  }
}

/* The clips that lie on the server for all: asked for whenever the start is shown. */
async function showShelf() {
  let names = [];
  try {
    ({ names } = await get("/api/shelf"));
  } catch {
    /* the state will tell */
  }
  $("shelf").hidden = !names.length;
  $("shelf-list").replaceChildren(
    ...names.map((name) => {
      const item = document.createElement("li");
      item.append(button(name, () => ask(() => post("/api/shelf", { name }))));
      return item;
    }),
  );
}

function renderClips() {
  const picks = state.clips.map((one) => {
    const pick = keyed($("clips"), one.id, () => button(one.name));
    pick.onclick = () => choose(one);
    pick.setAttribute("aria-pressed", one.id === clip?.id);
    pick.disabled = !one.open;
    return pick;
  });
  renew($("clips"), picks);
}

function renderSteps() {
  const marked = clip.keys;
  const frames = marked.map((frame) => frame + 1).join(", ");
  $("marked").textContent = marked.length
    ? `Marked in ${marked.length === 1 ? "frame" : "frames"} ${frames}.`
    : "Choose a frame in which it is easy to see, and point at it.";
  renew($("found"), [...foundWords("static"), ...foundWords("subtitles")]);
  renew($("cast"), foundWords("shadow"));
  renew($("followed"), followedWords());
  renderFindings();
  $("ready").textContent = clip.everywhere
    ? "A quick look shows some frames around this one, small, within seconds. The full run is sharper."
    : "First mark something, and have it followed.";
  const chosen = ["method", "tune", "growth"].map((id) => $(id).selectedOptions[0].text.split(/[:,(]/)[0].trim());
  $("chosen").textContent = `${chosen[0].toLowerCase()}; ${chosen[1].toLowerCase()}; ${chosen[2].toLowerCase()} margin`;
  buttons();
}

/* What is wrong with the mask, as far as that shows, and what came of mending it. */
function renderFindings() {
  const said = clip.check?.findings ?? [];
  const mended = jobsOf("mend").at(-1)?.result?.done;
  const read = jobsOf("mask").at(-1)?.result?.warnings ?? [];
  const lines = [...read, ...said];
  if (clip.check && !said.length) lines.push("Nothing looks wrong with the mask.");
  const isOfThis = String(clip.check?.growth) === $("growth").value; // not of another margin
  if (isOfThis && clip.check.shown !== null) lines.push(shownWords(clip.check.shown));
  if (mended && !clip.check) lines.push(...(mended.length ? mended : ["There was nothing that is safe to mend."]));
  renew($("findings"), lines.map(listed));
  $("mend").hidden = !said.length;
}

/* How the object was followed, with ways to where that is unsure. */
function followedWords() {
  if (clip.held !== null) return [`The mask of frame ${clip.held + 1} is used in every frame.`];
  if (clip.given && !clip.followed) return ["Your mask is used, frame by frame."];
  const { followed } = clip;
  if (!followed) return [];
  const words = [];
  const stretch = (what, numbers) => {
    if (!numbers.length) return;
    words.push(`${what} in `);
    const starts = numbers.filter((number) => !numbers.includes(number - 1));
    for (const start of starts.slice(0, 4)) {
      words.push(button(`frame ${start + 1}`, () => seek(start)), " ");
    }
    if (starts.length > 4) words.push(`and ${starts.length - 4} more places. `);
  };
  stretch("Unsure", followed.unsure);
  stretch("Not seen", followed.empty);
  if (clip.changed) words.push("You changed the mask since: follow it again. ");
  else if (words.length) words.push("Look there; where it is wrong, mark it again and follow again.");
  else words.push("Followed through the clip. Move through the frames; where it is wrong, mark it again.");
  return words;
}

/* What was found of a kind, with a way to leave it in; or that there is none, or is none any more. */
function foundWords(kind) {
  const { one, several, counted, what, none, lost } = FOUND[kind];
  if (clip[kind]?.lost) return [listed(lost)];
  const many = clip[kind]?.[counted];
  if (many) {
    const item = listed(`${what}: ${many} ${many === 1 ? one : several} `);
    item.append(button("Leave it in", () => ask(() => post(`/api/clips/${clip.id}/forget/${kind}`))));
    return [item];
  }
  const job = jobsOf(kind).at(-1);
  const looked = kind === "shadow" ? many === 0 : job?.state === "done" && job.result?.[counted] === 0;
  return looked ? [listed(none)] : [];
}

/* How much of the hole a fill will find in other frames. */
function shownWords(share) {
  if (share === 0) return "Other frames show nothing of the hole: it would be invented.";
  const part = share > 0.995 ? "nearly all" : `about ${Math.round(100 * share)} %`;
  return `Other frames show ${part} of the hole${share > 0.995 ? "." : "; the rest would be invented."}`;
}

function buttons() {
  if (!clip) return;
  const frame = Number($("frame").value);
  const following = Boolean(busyWith("follow"));
  $("undo").disabled = !past.length || following;
  $("clear").disabled = !clip.keys.includes(frame) || following;
  $("clear-all").disabled = !(clip.keys.length || clip.followed || clip.given) || following;
  $("follow").disabled = !clip.keys.length || following;
  $("follow").textContent = clip.followed ? "Follow it again" : "Follow it through the clip";
  $("follow").classList.toggle("main", !clip.everywhere || clip.changed);
  $("hold").disabled = !clip.keys.includes(frame) || following || clip.held === frame;
  $("find-static").disabled = Boolean(busyWith("static"));
  $("find-subtitles").disabled = Boolean(busyWith("subtitles"));
  $("shadow-needs").textContent = clip.casts ? "" : SHADOW_NEEDS;
  $("find-shadow").disabled = !clip.casts || Boolean(busyWith("shadow")) || following;
  $("check").disabled = !clip.everywhere || Boolean(busyWith("check"));
  $("mend").disabled = Boolean(busyWith("mend"));
  $("try").disabled = !clip.everywhere || Boolean(busyWith("try"));
  $("fill").disabled = !clip.everywhere || Boolean(busyWith("fill"));
}

function renderViews() {
  $("views").hidden = !shown;
  for (const one of $("views").querySelectorAll("button")) {
    one.setAttribute("aria-pressed", one.dataset.view === view());
    one.hidden = one.dataset.view === "origin" && !hasOrigin(shown);
  }
  $("legend").hidden = view() !== "origin";
  $("hint").hidden = view() !== "mark";
  $("blue").hidden = !clip.static && !clip.subtitles && !clip.shadow?.frames;
  $("colours").hidden = view() !== "mark" || !clip.everywhere;
  $("stage").dataset.view = view();
}

/* How sure the mask of each frame is: a thin line under the picture. */
function drawSureness() {
  const canvas = $("sureness");
  const context = canvas.getContext("2d");
  context.clearRect(0, 0, canvas.width, canvas.height);
  const sure = clip.followed?.confidence;
  canvas.hidden = !sure;
  canvas.title = "How sure the mask of each frame is: green is sure, red is not, grey is none";
  sure?.forEach((trust, frame) => {
    context.fillStyle = trust ? `hsl(${Math.round(130 * trust)} 60% 45%)` : "#999";
    const left = (frame / sure.length) * canvas.width;
    context.fillRect(left, 0, canvas.width / sure.length + 1, canvas.height);
  });
}

/* ---- what a person does */

async function ask(question) {
  say("");
  try {
    return await question();
  } catch (refusal) {
    say(refusal.message);
    return null;
  } finally {
    await refresh();
  }
}

async function pointed(kind, what) {
  const frame = stage.frame;
  const base = `/api/clips/${clip.id}`;
  following = false;
  if (kind === "painted") {
    past.push({ clip: clip.id, frame, bits: stage.before ?? null, had: clip.keys.includes(frame) });
    await ask(() => put(`${base}/paint/${frame}`, what));
    return;
  }
  past.push({ clip: clip.id, frame, bits: stage.mask.bits(), had: clip.keys.includes(frame) });
  const asked = { ...(kind === "box" ? { box: what, fresh: true } : { [kind]: what }), way: way() };
  $("wait").textContent = "Looking …";
  const marked = await ask(() => post(`${base}/point/${frame}`, asked));
  $("wait").textContent = "";
  if (!marked) past.pop();
  buttons();
}

/* How objects are cut out and followed: there is a choice where the server has others than the usual way. */
function way() {
  return $("ways").hidden ? "usual" : $("way").value;
}

async function undo() {
  const change = past.pop();
  if (!change || change.clip !== clip.id) return;
  $("frame").value = change.frame;
  const base = `/api/clips/${clip.id}`;
  if (change.had && change.bits) await ask(() => put(`${base}/paint/${change.frame}`, change.bits));
  else await ask(() => post(`${base}/forget/${change.frame}`));
}

function asked() {
  const growth = $("growth").value;
  return {
    frame: Number($("frame").value),
    method: $("method").value,
    tune: $("tune").value,
    growth: growth === "auto" ? growth : Number(growth),
    lossless: Boolean($("lossless").value),
    plate: $("plate").checked,
    seed: Number($("seed").value) || 0,
    way: way(),
  };
}

async function begin(kind) {
  const begun = await ask(() => post(`/api/clips/${clip.id}/jobs/${kind}`, asked()));
  if (begun && kind === "fill") look(state.jobs.find((job) => job.id === begun.job) ?? null);
}

const stop = (job) => ask(() => post(`/api/jobs/${job.id}/stop`));

async function open(file) {
  if (!file) return;
  say("");
  $("sending").hidden = false;
  const path = `/api/clips?name=${encodeURIComponent(file.name)}`;
  sent = upload(path, file, (share) => ($("sent").value = share));
  try {
    await sent.done;
  } catch (refusal) {
    say(refusal.message);
  }
  $("sending").hidden = true;
  $("file").value = "";
  await refresh();
}

/* A mask that a person has: of this frame, or a video of masks of all. */
async function openMask(file) {
  if (!file) return;
  following = false;
  const path = `/api/clips/${clip.id}/mask/${stage.frame}`;
  const done = await ask(() => upload(path, file, () => {}).done);
  $("mask-file").value = "";
  if (done) showView("mark");
}

function listen() {
  $("mask-file").onchange = () => openMask($("mask-file").files[0]);
  $("check").onclick = () => begin("check");
  $("mend").onclick = () => begin("mend");
  $("file").onchange = () => open($("file").files[0]);
  $("stop-sending").onclick = () => sent?.stop();
  for (const name of ["dragover", "drop"]) {
    document.addEventListener(name, (event) => {
      event.preventDefault();
      if (name === "drop" && !$("start").hidden) open(event.dataTransfer.files[0]);
    });
  }
  $("another").onclick = () => {
    opening = true;
    showShelf();
    render();
  };
  $("back").onclick = () => ((opening = false), render());
  $("remove").onclick = () => {
    if (!confirm("Remove this clip and all that was made of it from the server?")) return;
    const gone = clip;
    clip = null;
    ask(() => remove(`/api/clips/${gone.id}`));
  };
  $("tools").onchange = (event) => {
    if (event.target.name !== "tool") return (stage.brush = Number(event.target.value));
    stage.tool = event.target.value;
    if (view() !== "mark") showView("mark");
    $("brush").hidden = !stage.painting;
    $("hint").textContent = HINTS[stage.tool];
    return null;
  };
  $("hint").textContent = HINTS.box;
  $("frame").oninput = () => {
    following = false;
    clock.pause();
    playing();
    seek(Number($("frame").value));
  };
  $("play").onclick = () => {
    clock.toggle();
    playing();
  };
  $("view").addEventListener("pointerdown", () => {
    clock.pause(); // what is pointed at is in the frame that is seen
    playing();
  });
  $("message").onclick = () => say("");
  $("undo").onclick = undo;
  $("clear").onclick = () => ask(() => post(`/api/clips/${clip.id}/forget/${stage.frame}`));
  $("clear-all").onclick = () => ask(() => post(`/api/clips/${clip.id}/forget/object`));
  $("find-static").onclick = () => begin("static");
  $("find-subtitles").onclick = () => begin("subtitles");
  $("find-shadow").onclick = () => begin("shadow");
  $("follow").onclick = () => {
    following = true;
    home = Number($("frame").value);
    look(null);
    begin("follow");
  };
  $("hold").onclick = () => ask(() => post(`/api/clips/${clip.id}/hold/${stage.frame}`));
  $("try").onclick = () => begin("try");
  $("fill").onclick = () => begin("fill");
  for (const one of $("views").querySelectorAll("button")) {
    one.onclick = () => showView(one.dataset.view);
  }
  $("more").onchange = () => {
    renderSteps();
    redraw();
  };
  playing();
}

function playing() {
  $("play").dataset.playing = clock.playing;
  $("play").setAttribute("aria-label", clock.playing ? "Pause" : "Play");
}

listen();
showShelf();
refresh();
