// Charts that are to be drawn again. However many there are, a frame draws no more than fit: the mouse is not kept waiting.
const waiting = new Set();
const FRAME = 8; // Milliseconds of a frame for charts; one is drawn in any case.

/** Calls `draw` once in a frame to come, however often it was asked for. */
export function drawInTurn(draw) {
  waiting.size === 0 && requestAnimationFrame(drawSome);
  waiting.add(draw);
}

/** It is not to be drawn any more. */
export function leaveOut(draw) {
  waiting.delete(draw);
}

// One that cannot be drawn keeps no other one waiting.
function drawSome() {
  const begun = performance.now();
  try {
    for (const draw of waiting) {
      waiting.delete(draw);
      draw();
      if (performance.now() - begun > FRAME) {
        break;
      }
    }
  } finally {
    waiting.size > 0 && requestAnimationFrame(drawSome);
  }
}
