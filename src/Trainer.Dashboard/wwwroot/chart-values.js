// What lines have where the mouse is, in words beside it. Kept apart from the chart: that is not drawn again for a mouse that moves.
import { h, put } from './dom.js';

export const COLOURS = 10; // Of lines: in style.css.
const MANY = 16; // Values in a column.
const GAP = 12; // Between the mouse and the words, in pixels.

/**
 * @param place the chart's element. @param chart ECharts. @param shown () => the lines as they are drawn.
 * @param format of values; formatX of the x axis.
 */
export function valuesUnderMouse(place, chart, shown, { format, formatX }, signal) {
  const mark = h('div', { class: 'value-mark', hidden: true });
  const words = h('div', { class: 'values', hidden: true });
  place.append(mark, words);
  place.addEventListener('pointermove', event => move(event.clientX, event.clientY), { signal });
  place.addEventListener('pointerleave', hide, { signal });

  function hide() {
    mark.hidden = words.hidden = true;
  }

  function move(clientX, clientY) {
    const box = place.getBoundingClientRect();
    const [left, top] = [clientX - box.left, clientY - box.top];
    const lines = shown().filter(one => !one.faint && one.points.length > 0);
    if (lines.length === 0 || !chart.containPixel('grid', [left, top])) {
      hide();
      return;
    }

    const wanted = chart.convertFromPixel({ xAxisIndex: 0 }, left);
    const found = lines.map(one => [one, nearest(one.points, wanted)]);
    const x = found.map(([, point]) => point[0]).reduce((best, one) => Math.abs(one - wanted) < Math.abs(best - wanted) ? one : best);
    put(words, h('div', null, formatX(x)), found.map(([one, [, y, own = y]]) => h('div', null, h('span', { class: `swatch c${(one.colour % COLOURS) + 1}`, 'aria-hidden': 'true' }), `${one.label ?? one.name}  ${format(own)}`)));
    words.classList.toggle('many', found.length > MANY);
    const at = chart.convertToPixel({ xAxisIndex: 0 }, x);
    mark.hidden = words.hidden = false;
    mark.style.left = `${at}px`;
    words.style.left = at > box.width / 2 ? '' : `${at + GAP}px`;
    words.style.right = at > box.width / 2 ? `${box.width - at + GAP}px` : '';
  }
}

// By halves: points are in order.
function nearest(points, x) {
  let [low, high] = [0, points.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle][0] < x) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }

  return low > 0 && x - points[low - 1][0] < points[low][0] - x ? points[low - 1] : points[low];
}
