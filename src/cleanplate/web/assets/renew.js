/* Saying anew what the server tells: whoever has come to a part by keyboard stays there. */

/* Have a place show these parts, words or elements: one that it shows already stays as it is. */
export function renew(place, parts) {
  const held = document.activeElement;
  const before = [...place.childNodes];
  const nodes = parts.map((part) => {
    const at = before.findIndex((one) => keyOf(one) === keyOf(part));
    if (at >= 0) return before.splice(at, 1)[0];
    return part instanceof Node ? part : document.createTextNode(part);
  });
  for (const gone of before) gone.remove();
  nodes.forEach((node, i) => {
    const there = place.childNodes[i] ?? null;
    if (there !== node) place.insertBefore(node, there);
  });
  if (place.contains(held)) held.focus({ preventScroll: true }); // what is moved loses it
}

/* Have focus, whose button is gone, go on from the first of some parts that is to be seen. */
export function focusFirst(parts) {
  for (const part of parts) {
    if (!part?.isConnected) continue;
    part.tabIndex = -1;
    part.focus({ preventScroll: true });
    if (part === document.activeElement) return;
  }
}

/* The part of a place that has a key, or a new one; to be brought up to date, then renewed. */
export function keyed(place, key, make) {
  const there = [...place.children].find((one) => one.dataset.key === key);
  if (there) return there;
  const made = make();
  made.dataset.key = key;
  return made;
}

const keyOf = (part) => part.dataset?.key ?? part.textContent ?? part;

export function button(text, act) {
  const made = document.createElement("button");
  made.textContent = text;
  made.onclick = act;
  return made;
}

export function listed(text) {
  const item = document.createElement("li");
  item.textContent = text;
  return item;
}
