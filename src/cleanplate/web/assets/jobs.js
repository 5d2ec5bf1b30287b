/* The list of jobs: how far each is, what came of it, what can be taken away. */

import { sentence } from "./ask.js";
import { button, focusFirst, keyed, renew } from "./renew.js";

const DOING = {
  open: "Opening",
  follow: "Following",
  static: "Looking for what stands still",
  subtitles: "Looking for subtitles",
  shadow: "Looking for its shadow",
  try: "Quick look",
  fill: "Removing",
  mask: "Reading the mask",
  check: "Looking at the mask",
  mend: "Mending the mask",
};
const DONE = { fill: "Removed", try: "Quick look", follow: "Followed", open: "Opened" };
const FILES = { video: "Download the video", masks: "Masks", plate: "Plate" };
const LISTED = ["fill", "try"]; // those that stay in the list when they are done

const isBusy = (job) => job.state === "waiting" || job.state === "running";
const isListed = (job) =>
  isBusy(job) || job.state === "failed" || (LISTED.includes(job.kind) && job.state === "done");

/* Whether there is a share to be told: what has come to its end may still be being written. */
const isFar = (job) => job.total > 0 && job.done < job.total;

/* Show jobs in a list; act: { look(job), stop(job) }. */
export function listJobs(list, jobs, clips, act) {
  const before = [...list.children];
  const at = before.findIndex((row) => row.contains(document.activeElement));
  const rows = latest(jobs.filter(isListed)).map((job) => {
    const name = clips.find((clip) => clip.id === job.clip)?.name ?? "";
    const row = keyed(list, job.id, fresh);
    fill(row, job, name, act);
    return row;
  });
  renew(list, rows);
  if (at < 0 || before[at].contains(document.activeElement)) return;
  focusFirst([before[at], rows[at] ?? rows.at(-1), document.querySelector("main:not([hidden])")]);
}

/* The newest first; of what ended, the last few. */
function latest(jobs) {
  const ended = jobs.filter((job) => !isBusy(job)).slice(-6);
  return [...jobs.filter(isBusy), ...ended.reverse()];
}

function fresh() {
  const row = document.createElement("li");
  for (const part of ["b", "span", "progress", "div"]) row.append(document.createElement(part));
  row.lastChild.className = "row";
  return row;
}

/* Bring a row up to date. */
function fill(row, job, name, act) {
  const [title, said, bar, controls] = row.children;
  const what = DOING[job.kind];
  title.textContent = `${(job.state === "done" && DONE[job.kind]) || what}: ${name}`;
  said.textContent = words(job);
  bar.hidden = job.state !== "running";
  bar.setAttribute("aria-label", what);
  if (isFar(job)) bar.value = job.done / job.total;
  else bar.removeAttribute("value"); // at work, and nobody knows how far
  renew(controls, controlsOf(job, act));
  controls.hidden = !controls.children.length;
}

function controlsOf(job, act) {
  const made = [];
  if (isBusy(job)) made.push(button("Stop", () => act.stop(job)));
  if (job.kind === "fill" && job.state === "running") {
    made.push(button("Watch", () => act.look(job)));
  }
  if (LISTED.includes(job.kind) && job.state === "done") {
    made.push(button("Look at it", () => act.look(job)));
  }
  for (const part of job.files ?? []) made.push(download(job, part));
  return made;
}

function download(job, part) {
  const link = document.createElement("a");
  link.className = part === "video" ? "button main" : "button";
  link.href = `/api/jobs/${job.id}/${part}`;
  link.textContent = FILES[part];
  link.setAttribute("download", "");
  return link;
}

function words(job) {
  if (job.state === "waiting") {
    if (!job.place) return "Begins now.";
    return `Waits: ${job.place} ${job.place === 1 ? "job comes" : "jobs come"} before it.`;
  }
  if (job.state === "failed") return sentence(job.message);
  if (job.state === "running") return runningWords(job);
  if (job.kind === "try") {
    const { first, frames } = job.result;
    return `Frames ${first + 1} to ${first + frames}, small.`;
  }
  if (job.kind !== "fill") return "";
  const { borrowed, painted, invented, restored, seconds, warnings, problems } = job.result;
  const share = (part) => `${Math.round(100 * part)} %`;
  if (restored !== undefined) {
    const seen = `${share(restored)} of it was seen through, the rest filled; ${duration(seconds)}.`;
    return [seen, ...warnings, ...problems].join(" ");
  }
  const parts = [`${share(borrowed)} of the hole was seen in other frames`];
  if (painted) parts.push(`${share(painted)} painted`);
  parts.push(invented > 0.005 ? `${share(invented)} invented` : "next to nothing invented");
  return [`${sentence(parts.join(", "))}; ${duration(seconds)}.`, ...warnings, ...problems].join(" ");
}

function runningWords(job) {
  if (!job.total) return job.done ? `${job.done} frames so far …` : "At work …";
  if (!isFar(job)) return "Nearly done …";
  const left = job.seconds_left === null ? "" : `, about ${duration(job.seconds_left)} left`;
  return `${Math.floor((100 * job.done) / job.total)} %${left}`;
}

function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}
