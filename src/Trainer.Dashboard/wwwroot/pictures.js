// Sheets of pictures as the API gives them: cut into pictures, drawn large enough to be seen.
import { h } from './dom.js';

const GAP = 2; // Between pictures of a sheet.

/**
 * The pictures of a sheet as canvases, in order.
 * @param least so many pixels has the longer side, or up to one of its own more, as a whole multiple of what it has.
 * @param label (index) => what a picture shows, in words.
 */
export async function pictures(sheet, least, label) {
  const image = await createImageBitmap(new Blob([bytesOf(sheet.png)], { type: 'image/png' }));
  const { height, width, columns } = sheet;
  const scale = Math.ceil(least / Math.max(height, width));
  const all = Array.from({ length: sheet.pictures }, (_, i) => {
    const canvas = h('canvas', { class: 'picture', width: width * scale, height: height * scale, role: 'img', 'aria-label': label(i), title: label(i) });
    const context = canvas.getContext('2d');
    context.imageSmoothingEnabled = false;
    context.drawImage(image, GAP + (i % columns) * (width + GAP), GAP + Math.floor(i / columns) * (height + GAP), width, height, 0, 0, canvas.width, canvas.height);
    return canvas;
  });
  image.close();
  return all;
}

/** Pictures side by side, each with words below it. */
export function gallery(label, canvases, caption) {
  return h('div', { class: 'gallery', role: 'group', 'aria-label': label }, canvases.map((canvas, i) => h('figure', null, canvas, caption && h('figcaption', null, caption(i)))));
}

/** @returns {Uint8Array} of base64. */
export function bytesOf(base64) {
  return Uint8Array.from(atob(base64), letter => letter.charCodeAt(0));
}

/** @param {Uint8Array} bytes */
export function base64Of(bytes) {
  let text = '';
  for (let i = 0; i < bytes.length; i += 0x8000) {
    text += String.fromCharCode(...bytes.subarray(i, i + 0x8000));
  }

  return btoa(text);
}

const MOST_BYTES = 2_500_000; // A request has 4 MiB at most, and base64 makes a third more of them.
const LONGEST = 1600;

/**
 * A picture in a file as a request carries it; one that is too large is made smaller, which the second value says.
 * @throws {Error} in words: it is none.
 */
export async function upload(file) {
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (bytes.length <= MOST_BYTES) {
    return [base64Of(bytes), false];
  }

  const image = await createImageBitmap(file).catch(() => { throw new Error(`${file.name} is no picture that this browser reads.`); });
  const scale = Math.min(1, LONGEST / Math.max(image.width, image.height));
  const canvas = h('canvas', { width: Math.round(image.width * scale), height: Math.round(image.height * scale) });
  canvas.getContext('2d').drawImage(image, 0, 0, canvas.width, canvas.height);
  image.close();
  const smaller = await new Promise(done => canvas.toBlob(done, 'image/jpeg', 0.95));
  return [base64Of(new Uint8Array(await smaller.arrayBuffer())), true];
}
