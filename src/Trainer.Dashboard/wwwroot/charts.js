// Line charts over ECharts, which is loaded where the first one is drawn.
import { COLOURS, valuesUnderMouse } from './chart-values.js';
import { h, put } from './dom.js';
import { digits } from './format.js';
import { drawInTurn, leaveOut } from './turns.js';

const library = { loading: null };

// A classic script: parts of the bundle take `this` for the window, which it is not in a module.
function load() {
  library.loading ??= new Promise((resolve, reject) => {
    const script = h('script', { src: import.meta.resolve('./lib/echarts.js'), fetchpriority: 'high' }); // Ahead of the data that it is to draw.
    script.addEventListener('load', () => resolve(globalThis.echarts));
    script.addEventListener('error', () => { library.loading = null; reject(new Error('The chart library did not load.')); });
    document.head.append(script);
  });
  return library.loading;
}

const dark = matchMedia('(prefers-color-scheme: dark)');
const MOST_DOTS = 300; // Of a chart. Each is a figure of its own, where a line is one, however long.

export { COLOURS };

/** Loads the library where a chart is going to be drawn soon. */
export function expectCharts() {
  load().catch(() => {}); // Whoever draws one says so.
}

function theme() {
  const style = getComputedStyle(document.documentElement);
  const colour = name => style.getPropertyValue(name).trim();
  return { text: colour('--text'), quiet: colour('--quiet'), line: colour('--line'), surface: colour('--surface'), series: Array.from({ length: COLOURS }, (_, i) => colour(`--series-${i + 1}`)) };
}

/**
 * A chart with its heading. set() draws it again: `lines` are {name (of the legend), label (where it is another one), colour (a number), points: [[x, y]], faint, dots, dashed, stacked},
 * `summary` says in words what they show.
 * @param options.format of values; options.formatX of the x axis.
 * @param options.onZoom called with the x values between which one has dragged, with null for all of it.
 */
export function lineChart(title, { format = digits, formatX = digits, onZoom } = {}, signal) {
  const place = h('div', { class: 'plot', role: 'img', 'aria-label': title });
  const problem = h('p', { class: 'quiet' });
  const element = h('figure', { class: 'chart' }, h('figcaption', null, title), place, problem);
  let chart = null;
  let latest = null;
  let drawn = []; // As they lie over each other.
  let chosen = {}; // By name, in the legend.
  const sizes = new ResizeObserver(() => chart?.resize());

  load().then(echarts => {
    if (!signal.aborted) {
      chart = echarts.init(place, null, { renderer: 'canvas' });
      sizes.observe(place);
      onZoom && zoomByDragging(place, chart, onZoom, signal);
      chart.on('legendselectchanged', ({ selected }) => { chosen = selected; });
      valuesUnderMouse(place, chart, () => drawn.filter(({ name }) => chosen[name] ?? true), { format, formatX }, signal);
      draw();
    }
  }, () => put(problem, 'The chart library did not load. Load the page again.'));
  dark.addEventListener('change', draw, { signal });
  signal.addEventListener('abort', () => { sizes.disconnect(); leaveOut(drawNow); chart?.dispose(); });

  return {
    element,
    set(lines, { log = false, range = null, summary = '' } = {}) {
      latest = { lines, log, range };
      place.setAttribute('aria-label', `${title}. ${summary}`);
      draw();
    },
  };

  function draw() {
    chart && latest && !signal.aborted && drawInTurn(drawNow);
  }

  function drawNow() {
    drawn = latest.lines.some(one => one.stacked) ? piledUp(latest.lines) : latest.lines;
    chart.setOption(option(drawn, latest, { format, formatX }), { replaceMerge: ['series'], silent: true });
  }
}

function option(lines, { log, range }, { format, formatX }) {
  const { text, quiet, line, series } = theme();
  const isStacked = lines.some(one => one.stacked);
  const hasDots = lines.reduce((sum, one) => sum + (one.dots ? one.points.length : 0), 0) <= MOST_DOTS;
  const names = [...new Set(lines.map(one => one.name))];
  const label = { color: quiet, hideOverlap: true };
  const axis = { axisLine: { lineStyle: { color: line } }, axisTick: { show: false } };
  return {
    animation: false,
    textStyle: { fontFamily: 'system-ui, sans-serif' },
    grid: { left: 8, right: 34, top: names.length > 1 ? 34 : 12, bottom: 4, containLabel: true },
    legend: {
      show: names.length > 1, data: names, selectedMode: !isStacked, type: 'scroll', top: 0, left: 0, icon: 'roundRect', itemWidth: 12, itemHeight: 12,
      textStyle: { color: text }, pageTextStyle: { color: text }, pageIconColor: text, pageIconInactiveColor: line,
    },
    xAxis: { type: 'value', min: range ? range[0] : 'dataMin', max: range ? range[1] : 'dataMax', ...axis, splitLine: { show: false }, axisLabel: { ...label, formatter: formatX } },
    yAxis: { type: log ? 'log' : 'value', scale: !isStacked, ...axis, splitLine: { lineStyle: { color: line } }, axisLabel: { ...label, formatter: format } },
    series: (isStacked ? lines.toReversed() : lines).map(one => {
      const colour = series[one.colour % COLOURS];
      return {
        name: one.name,
        type: 'line',
        data: within(log ? one.points.filter(([, y]) => y > 0) : one.points, range),
        symbol: 'circle',
        showSymbol: (!!one.dots && hasDots) || one.points.length === 1,
        symbolSize: one.dots ? 6 : 4,
        silent: true,
        lineStyle: { join: 'bevel', width: one.stacked ? 0 : one.faint ? 1 : 1.75, opacity: one.faint ? 0.28 : 1, type: one.dashed ? 'dashed' : 'solid', color: colour },
        itemStyle: { color: colour },
        emphasis: { disabled: true },
        ...(one.stacked && { areaStyle: { color: colour, opacity: 1 } }),
      };
    }),
  };
}

// The y axis is to fit what is looked at. One point more on each side: lines go on to the edge.
function within(points, range) {
  if (!range) {
    return points;
  }

  const [begin, end] = [points.findIndex(([x]) => x >= range[0]), points.findLastIndex(([x]) => x <= range[1])];
  return begin < 0 ? points.slice(-1) : points.slice(Math.max(0, begin - 1), end + 2);
}

// Each on top of those before it, [x, top, own value]; the highest is drawn first: lower ones hide what is below them. ECharts itself stacks along an axis of categories alone.
function piledUp(lines) {
  const tops = [];
  return lines.map(one => ({ ...one, points: one.points.map(([x, y], i) => [x, tops[i] = (tops[i] ?? 0) + y, y]) }));
}

// The mouse draws a stretch of the x axis; a double click shows all again. Fingers scroll, and the keyboard has fields.
function zoomByDragging(place, chart, onZoom, signal) {
  let begin = null;
  const mark = h('div', { class: 'stretch', hidden: true });
  place.append(mark);
  const inside = event => {
    const box = place.getBoundingClientRect();
    return Math.min(Math.max(event.clientX - box.left, 0), box.width);
  };
  place.addEventListener('pointerdown', event => {
    if (event.button === 0 && event.pointerType === 'mouse' && chart.containPixel('grid', [inside(event), event.offsetY])) {
      begin = inside(event);
      place.setPointerCapture(event.pointerId);
    }
  }, { signal });
  place.addEventListener('pointermove', event => {
    if (begin !== null) {
      const [left, right] = [begin, inside(event)].sort((a, b) => a - b);
      mark.hidden = right - left < 4;
      mark.style.left = `${left}px`;
      mark.style.width = `${right - left}px`;
    }
  }, { signal });
  place.addEventListener('pointerup', event => {
    const [left, right] = [begin ?? 0, inside(event)].sort((a, b) => a - b);
    mark.hidden = true;
    if (begin !== null && right - left >= 4) {
      onZoom([left, right].map(pixel => chart.convertFromPixel({ xAxisIndex: 0 }, pixel)));
    }

    begin = null;
  }, { signal });
  place.addEventListener('pointercancel', () => { begin = null; mark.hidden = true; }, { signal });
  place.addEventListener('dblclick', () => onZoom(null), { signal });
}

/** Exponential moving average, without the pull towards 0 at the beginning. @param weight 0: none of it; below 1. */
export function smoothed(points, weight) {
  if (!(weight > 0)) {
    return points;
  }

  let [mean, gone] = [0, 1];
  return points.map(([x, y]) => {
    if (!Number.isFinite(y)) {
      return [x, y];
    }

    mean = weight * mean + (1 - weight) * y;
    gone *= weight;
    return [x, mean / (1 - gone)];
  });
}
