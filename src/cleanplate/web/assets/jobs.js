/* The list of jobs: how far each is, what came of it, what can be taken away. */

import { sentence } from "./ask.js";

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

/* Show jobs in a list; act: { look(job), stop(job), shown }. */
export function listJobs(list, jobs, clips, act) {
  const shown = jobs.filter((job) => job.state === "waiting" || job.state === "running" || job.state === "failed" || (LISTED.includes(job.kind) && job.state === "done"));
  const kept = latest(shown);
  const rows = new Map([...list.children].map((row) => [row.dataset.id, row]));
  list.replaceChildren(...kept.map((job) => filled(rows.get(job.id) ?? fresh(job), job, clips, act)));
}

/* The newest first; of what ended, the last few. */
function latest(jobs) {
  const busy = jobs.filter((job) => job.state === "waiting" || job.state === "running");
  const ended = jobs.filter((job) => !busy.includes(job)).slice(-6);
  return [...busy, ...ended.reverse()];
}

function fresh(job) {
  const row = document.createElement("li");
  row.dataset.id = job.id;
  row.append(document.createElement("b"), document.createElement("span"));
  return row;
}

function filled(row, job, clips, act) {
  const name = clips.find((clip) => clip.id === job.clip)?.name ?? "";
  row.children[0].textContent = `${(job.state === "done" ? DONE : DOING)[job.kind] ?? DOING[job.kind]}: ${name}`;
  row.children[1].textContent = words(job);
  const signature = `${job.state} ${act.shown?.id === job.id}`;
  if (row.dataset.signature !== signature) {
    row.dataset.signature = signature;
    [...row.children].slice(2).forEach((child) => child.remove());
    row.append(...controls(job, act));
  }
  const bar = row.querySelector("progress");
  if (bar && job.total) bar.value = Math.min(1, job.done / job.total);
  return row;
}

function controls(job, act) {
  const busy = job.state === "waiting" || job.state === "running";
  const made = [];
  if (job.state === "running") {
    const bar = document.createElement("progress");
    bar.max = 1;
    bar.setAttribute("aria-label", DOING[job.kind]);
    made.push(bar);
  }
  const row = document.createElement("div");
  row.className = "row";
  const add = (text, run) => {
    const button = document.createElement("button");
    button.textContent = text;
    button.onclick = run;
    row.append(button);
    return button;
  };
  if (busy) add("Stop", () => act.stop(job));
  if (job.kind === "fill" && job.state === "running") add("Watch", () => act.look(job));
  if (LISTED.includes(job.kind) && job.state === "done") add("Look at it", () => act.look(job));
  for (const part of job.files ?? []) {
    const link = document.createElement("a");
    link.className = part === "video" ? "button main" : "button";
    link.href = `/api/jobs/${job.id}/${part}`;
    link.textContent = FILES[part];
    link.setAttribute("download", "");
    row.append(link);
  }
  if (row.children.length) made.push(row);
  return made;
}

function words(job) {
  if (job.state === "waiting") {
    if (!job.place) return "Begins now.";
    return `Waits: ${job.place} ${job.place === 1 ? "job comes" : "jobs come"} before it.`;
  }
  if (job.state === "failed") return sentence(job.message);
  if (job.state === "running") {
    const far = job.total ? `${Math.floor((100 * Math.min(job.done, job.total)) / job.total)} %` : "";
    const left = job.seconds_left === null ? "" : `, about ${duration(job.seconds_left)} left`;
    return far ? `${far}${left}` : "Begins …";
  }
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

function duration(seconds) {
  if (seconds < 60) return `${Math.max(1, Math.round(seconds))} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 60 ? `${minutes} min` : `${(seconds / 3600).toFixed(1)} h`;
}
