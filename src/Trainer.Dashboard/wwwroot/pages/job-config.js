// What a job was asked for, with the defaults that were filled in.
import { button, h, patch } from '../dom.js';
import { notice } from '../dialogs.js';
import { pruned, yaml } from '../spec-text.js';

export function create() {
  const element = h('div');
  return { element, update: job => patch(element, JSON.stringify(job.spec), () => draw(job)) };
}

function draw({ spec }) {
  const text = yaml(pruned(spec));
  return [
    h('p', null, 'As a job file, with defaults filled in. ', button('Copy', async () => {
      await (navigator.clipboard?.writeText(text) ?? Promise.reject()).then(() => notice('The config was copied.'), () => notice('The browser does not allow to copy: select the text instead.'));
    })),
    h('pre', { class: 'config', tabindex: 0, 'aria-label': 'config' }, text.split('\n').map(line => {
      const [, begin, name, rest] = /^([\s-]*)([\w]+:)?(.*)$/.exec(line);
      return [begin, name && h('span', { class: 'key' }, name), rest, '\n'];
    })),
  ];
}
