// JSON with integers of 64 bits. A number of JavaScript holds 53: what is larger stays a text, and the coordinator takes "7" for 7.

/** @throws SyntaxError it is no JSON. */
export function parse(text) {
  // Short of such an integer, it is JSON's own affair.
  return JSON.parse(/[[:,\s-]\d{16,}\s*[,\]}]/.test(text) ? text.replace(/"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*/g, quoted) : text);
}

const quoted = token => /^-?\d+$/.test(token) && !Number.isSafeInteger(Number(token)) ? `"${token}"` : token;
