// A job's spec as text: pruned of what says nothing, as YAML to read, and where in a JSON text a field stands.

/** Without empty texts and lists, which the API writes for fields that were not given. */
export function pruned(value) {
  if (Array.isArray(value)) {
    return value.map(pruned);
  }

  if (value === null || typeof value !== 'object') {
    return value;
  }

  return Object.fromEntries(Object.entries(value).filter(([, field]) => field !== '' && !(Array.isArray(field) && field.length === 0)).map(([name, field]) => [name, pruned(field)]));
}

/** Every scalar, or list of scalars, by its path: [['training.optimizer.sgd.lr', 0.9], ...]. */
export function leaves(value, path = '') {
  if (value !== null && typeof value === 'object' && !isFlat(value)) {
    return Object.entries(value).flatMap(([name, field]) => leaves(field, Array.isArray(value) ? `${path}[${name}]` : path ? `${path}.${name}` : name));
  }

  return [[path, value]];
}

export function yaml(value, indent = 0) {
  const pad = '  '.repeat(indent);
  if (Array.isArray(value) && !isFlat(value)) {
    return value.map(item => `${pad}- ${isFlat(item) ? scalar(item) : yaml(item, indent + 1).trimStart()}`).join('\n');
  }

  return Object.entries(value).map(([name, field]) => isFlat(field) ? `${pad}${name}: ${scalar(field)}` : `${pad}${name}:\n${yaml(field, indent + 1)}`).join('\n');
}

function isFlat(value) {
  return value === null || typeof value !== 'object' || Object.keys(value).length === 0 || (Array.isArray(value) && value.every(item => item === null || typeof item !== 'object'));
}

function scalar(value) {
  return Array.isArray(value) ? `[${value.map(scalar).join(', ')}]`
    : value !== null && typeof value === 'object' ? '{}'
    : typeof value !== 'string' || (/^[\w./@-]*[A-Za-z_/][\w./@ -]*$/.test(value) && !/^(true|false|null|yes|no|on|off|y|n|~|[-+.]?(inf|nan))$|^[-.\d]|^-|\s$/i.test(value)) ? String(value)
    : JSON.stringify(value);
}

/** What is wrong with a JSON text, and at which character. */
export class JsonFault extends Error {
  constructor(message, at) {
    super(message);
    this.at = at;
  }
}

/**
 * At which character each field of a JSON text begins: 'model.layers[3].conv2d' -> 120.
 * @throws JsonFault
 */
export function places(text) {
  const found = new Map();
  let at = 0;
  blanks();
  value('');
  blanks();
  at === text.length || fail('there is more behind the end');
  return found;

  function value(path) {
    found.has(path) || found.set(path, at);
    if (text[at] === '{') {
      items('}', () => {
        blanks();
        const begin = at;
        const name = string();
        const inner = path ? `${path}.${name}` : name;
        found.set(inner, begin);
        blanks();
        expect(':');
        value(inner);
      });
    } else if (text[at] === '[') {
      let index = 0;
      items(']', () => value(`${path}[${index++}]`));
    } else if (text[at] === '"') {
      string();
    } else {
      at += (here(/(?:true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][-+]?\d+)?)(?![\w.])/y) ?? fail('expected a value')).length;
    }
  }

  function items(end, item) {
    at++;
    blanks();
    if (text[at] === end) {
      at++;
      return;
    }

    for (;;) {
      blanks();
      item();
      blanks();
      if (text[at] === end) {
        at++;
        return;
      }

      text[at] === ',' ? at++ : fail(`expected , or ${end}`);
    }
  }

  function string() {
    const quoted = here(/"(?:[^"\\\u0000-\u001f]|\\.)*"/y) ?? fail('expected a text in quotation marks');
    try {
      const read = JSON.parse(quoted);
      at += quoted.length;
      return read;
    } catch {
      return fail('is no text that JSON knows');
    }
  }

  function here(pattern) {
    pattern.lastIndex = at;
    return pattern.exec(text)?.[0];
  }

  function expect(sign) {
    blanks();
    text[at] === sign ? at++ : fail(`expected ${sign}`);
    blanks();
  }

  function blanks() {
    while (' \t\r\n'.includes(text[at] ?? 'x')) {
      at++;
    }
  }

  function fail(problem) {
    throw new JsonFault(`${problem}, got ${at < text.length ? `'${text[at]}'` : 'the end'}`, at);
  }
}

/** The character at which a field stands; of one that is missing, that of whatever it is missing in. */
export function placeOf(found, field) {
  for (let path = field.replace(/^spec\.?/, ''); ; path = path.replace(/(^|\.)[^.[\]]*$|\[\d+\]$/, '')) {
    if (path === '' || found.has(path)) {
      return found.get(path) ?? 0;
    }
  }
}

/** From 1. */
export const lineAt = (text, at) => text.slice(0, at).split('\n').length;
