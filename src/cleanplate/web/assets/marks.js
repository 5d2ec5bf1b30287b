/* A mask on a canvas: white where it is, transparent elsewhere. */

export class Mask {
  constructor([height, width]) {
    this.canvas = new OffscreenCanvas(width, height);
    this.ink = this.canvas.getContext("2d", { willReadFrequently: true });
    Object.assign(this.ink, { lineCap: "round", lineJoin: "round", strokeStyle: "#fff", fillStyle: "#fff" });
  }

  set(picture) {
    this.ink.globalCompositeOperation = "source-over";
    this.ink.clearRect(0, 0, this.canvas.width, this.canvas.height);
    if (picture) this.ink.drawImage(picture, 0, 0);
  }

  /* Paint, or erase, from one point to another. */
  stroke(from, to, size, erase) {
    this.ink.globalCompositeOperation = erase ? "destination-out" : "source-over";
    this.ink.lineWidth = size;
    this.ink.beginPath();
    this.ink.moveTo(from.x, from.y);
    this.ink.lineTo(to.x + 0.01, to.y);
    this.ink.stroke();
  }

  /* A bit a pixel, row by row, highest first. */
  bits() {
    const { width, height } = this.canvas;
    const levels = this.ink.getImageData(0, 0, width, height).data;
    const bits = new Uint8Array(Math.ceil((width * height) / 8));
    for (let i = 0; i < width * height; i++) {
      if (levels[4 * i + 3] > 127) bits[i >> 3] |= 128 >> (i & 7);
    }
    return bits;
  }
}

/* Lay a mask (a picture or a canvas) over what is drawn, in a colour. */
export function tint(context, mask, colour, strength) {
  const { width, height } = context.canvas;
  const sheet = new OffscreenCanvas(width, height);
  const ink = sheet.getContext("2d");
  ink.drawImage(mask, 0, 0, width, height);
  ink.globalCompositeOperation = "source-in";
  ink.fillStyle = colour;
  ink.fillRect(0, 0, width, height);
  context.save();
  context.globalAlpha = strength;
  context.drawImage(sheet, 0, 0);
  context.restore();
}

/* Pictures by address, the latest of them kept. */
export class Pictures {
  constructor(most = 90) {
    this.most = most;
    this.kept = new Map();
  }

  /* Resolve to the picture, or to null where there is none. */
  get(address) {
    let found = this.kept.get(address);
    if (found) {
      this.kept.delete(address);
    } else {
      found = {};
      const picture = new Image();
      picture.src = address;
      found.done = picture.decode().then(
        () => picture,
        () => {
          this.kept.delete(address); // not there yet: it is asked for again
          return null;
        },
      );
    }
    this.kept.set(address, found);
    if (this.kept.size > this.most) this.kept.delete(this.kept.keys().next().value);
    return found.done;
  }
}
