/* Asking the server: every answer is JSON, every refusal a sentence. */

export class Refused extends Error {}

async function answer(response) {
  let told = {};
  try {
    told = await response.json();
  } catch {
    /* not ours: the server is going, or something stands between */
  }
  if (!response.ok) {
    const refusal = new Refused(sentence(told.message || "The server did not answer. Try it again."));
    refusal.status = response.status;
    throw refusal;
  }
  return told;
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, { ...options, headers: { "X-Cleanplate": "1" } });
  } catch {
    throw new Refused("The server cannot be reached. Is it still running?");
  }
  return answer(response);
}

export const get = (path) => send(path, { cache: "no-store" });
export const post = (path, asked = {}) =>
  send(path, { method: "POST", body: JSON.stringify(asked) });
export const put = (path, bytes) => send(path, { method: "PUT", body: bytes });
export const remove = (path) => send(path, { method: "DELETE" });

/* Send a file to an address; tell(share) is called on the way. Returns { done: Promise, stop() }. */
export function upload(path, file, tell) {
  const request = new XMLHttpRequest();
  const done = new Promise((resolve, reject) => {
    request.open("POST", path);
    request.setRequestHeader("X-Cleanplate", "1");
    request.upload.onprogress = (event) => event.lengthComputable && tell(event.loaded / event.total);
    request.onload = () => {
      let told = {};
      try {
        told = JSON.parse(request.responseText);
      } catch {
        /* as above */
      }
      if (request.status < 300) resolve(told);
      else reject(new Refused(sentence(told.message || "The file was not taken.")));
    };
    request.onerror = () => reject(new Refused("The file was not taken: the connection broke."));
    request.onabort = () => resolve(null);
    request.send(file);
  });
  return { done, stop: () => request.abort() };
}

/* Begin with a capital. */
export function sentence(text) {
  return text.charAt(0).toUpperCase() + text.slice(1);
}
