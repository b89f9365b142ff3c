// A graph of layers as lanes beside a list, as version control draws branches: each layer is a row, and a lane carries an output to the rows that take it.

/**
 * @param layers each with `inputs`: places of the layers whose outputs it takes, -1 for the image. The image itself is row 0 of the result.
 * @returns {rows: [{lane, from: lanes that end or pass above and lead here, through: lanes that pass by, on: whether its lane goes on below}], width: how many lanes there are}
 */
export function lanes(layers) {
  const nodes = [{ inputs: [] }, ...layers.map(layer => ({ inputs: layer.inputs.map(input => input + 1) }))];
  const left = nodes.map(() => 0); // Rows below that take its output.
  nodes.forEach(node => new Set(node.inputs).forEach(input => left[input]++));
  const carried = []; // By lane: whose output it carries; null: nobody's.
  let width = 1;
  const rows = nodes.map((node, i) => {
    const from = [...new Set(node.inputs)].map(input => carried.indexOf(input));
    const above = carried.map(value => value !== null && value !== undefined);
    for (const input of new Set(node.inputs)) {
      left[input]--;
    }

    // What nobody takes any more makes room.
    const ended = from.filter(lane => left[carried[lane]] === 0);
    ended.forEach(lane => { carried[lane] = null; });
    const free = carried.findIndex(value => value === null);
    const lane = ended.length > 0 ? Math.min(...ended) : free >= 0 ? free : carried.length;
    const through = carried.flatMap((value, at) => value !== null && above[at] ? [at] : []);
    carried[lane] = left[i] > 0 ? i : null;
    width = Math.max(width, carried.length);
    return { lane, from, through, on: left[i] > 0 };
  });
  return { rows, width };
}

/** Which rows and columns of the image a unit sees; both ends included, beyond the image where there is padding. */
export function seen({ receptive_field: [height, width], receptive_start: [top, left], receptive_stride: [down, right] }, row, column) {
  return { top: top + row * down, left: left + column * right, height, width };
}
