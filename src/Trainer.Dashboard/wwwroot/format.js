// How numbers, times and states are written for people: as the command line writes them (src/Trainer.Cli/Output/Words.cs).
import { h } from './dom.js';

/** A number of the API: "NaN", "Infinity" and "-Infinity" are texts there. Nothing is NaN. */
export function number(value) {
  return value === null || value === undefined || value === '' ? NaN : Number(value);
}

const grouped = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });

/** 1,234,567 */
export function count(value) {
  return Number.isFinite(number(value)) ? grouped.format(number(value)) : '-';
}

/** NaN is one: training went wrong. */
export function loss(value) {
  const it = number(value);
  return value === null || value === undefined || value === '' ? '-' : Number.isFinite(it) ? it.toFixed(4) : String(it);
}

/** 0.8012 -> 80.1 % */
export function percent(ratio) {
  return Number.isFinite(number(ratio)) ? `${(number(ratio) * 100).toFixed(1)} %` : '-';
}

export function rate(perSecond) {
  const it = number(perSecond);
  return !Number.isFinite(it) ? '-' : it >= 100 ? grouped.format(it) : it.toFixed(1);
}

/** Four digits that count: 0.0003162, 12.35, 1.2e-9 */
export function digits(value) {
  const it = number(value);
  return !Number.isFinite(it) ? String(it) : it !== 0 && (Math.abs(it) < 1e-4 || Math.abs(it) >= 1e7) ? it.toExponential(2) : String(Number(it.toPrecision(4)));
}

/** 0.4 s, 14 s, 3 min 20 s, 2 h 5 min, 3 d 4 h */
export function duration(seconds) {
  const it = number(seconds);
  const whole = Math.round(it);
  const part = (unit, of) => Math.floor((whole % of) / unit);
  return !Number.isFinite(it) ? '-'
    : it < 9.95 ? `${Math.max(it, 0).toFixed(1)} s`
    : whole < 60 ? `${whole} s`
    : whole < 3600 ? `${part(60, 3600)} min ${whole % 60} s`
    : whole < 86400 ? `${part(3600, 86400)} h ${part(60, 3600)} min`
    : `${Math.floor(whole / 86400)} d ${part(3600, 86400)} h`;
}

export function bytes(value) {
  const it = number(value);
  return !Number.isFinite(it) ? '-'
    : it >= 2 ** 30 ? `${(it / 2 ** 30).toFixed(1)} GiB`
    : it >= 2 ** 20 ? `${(it / 2 ** 20).toFixed(1)} MiB`
    : it >= 2 ** 10 || it === 0 ? `${(it / 1024).toFixed(1)} KiB`
    : `${it} B`;
}

export function plural(many, noun) {
  return many === 1 ? `1 ${noun}` : `${count(many)} ${noun}s`;
}

/** The RFC 3339 text of the API as milliseconds; NaN: there is none. */
export function millis(time) {
  return time ? Date.parse(time) : NaN;
}

/** 2026-01-31 12:00:00, of this browser's zone. */
export function moment(time) {
  const at = new Date(time);
  const two = value => String(value).padStart(2, '0');
  return `${at.getFullYear()}-${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}:${two(at.getSeconds())}`;
}

/** 12:00:00 */
export function clock(time) {
  return moment(time).slice(11);
}

function relative(time) {
  const seconds = (Date.now() - Date.parse(time)) / 1000;
  return seconds < -1 ? `in ${coarse(-seconds)}` : seconds < 5 ? 'just now' : `${coarse(seconds)} ago`;
}

// One unit is enough beside a title that has the rest.
function coarse(seconds) {
  return seconds < 60 ? `${Math.round(seconds)} s`
    : seconds < 3600 ? `${Math.floor(seconds / 60)} min`
    : seconds < 86400 ? `${Math.floor(seconds / 3600)} h`
    : `${Math.floor(seconds / 86400)} d`;
}

/** A <time> that says how long ago it was, and in its title when. refreshAges() keeps it true. */
export function age(time) {
  return time ? h('time', { datetime: time, title: moment(time), data: { age: '' } }, relative(time)) : '-';
}

export function refreshAges() {
  for (const element of document.querySelectorAll('time[data-age]')) {
    const text = relative(element.dateTime);
    if (element.textContent !== text) {
      element.textContent = text;
    }
  }
}

/** The first digits of a hash; the title has all. */
export function shortHash(hash, digitsShown = 12) {
  return hash ? h('code', { title: hash }, hash.slice(0, digitsShown)) : '-';
}
