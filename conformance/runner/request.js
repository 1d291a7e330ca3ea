// Turns what a case says of a request into bytes and headers.
const { deflateSync, gzipSync } = require('node:zlib');
const { writeJson } = require('./json');
const { encodeTensor } = require('./tensors');

const COMPRESS = { gzip: gzipSync, deflate: deflateSync };
const JSON_LENGTH = 'inference-header-content-length';

/**
 * The request of HTTP that a case describes.
 *
 * @param names fills `{…}` in texts: names of models, keys of the server
 * @param common headers that every request has; a case may take them away
 * @returns method, path, headers and, when there is one, the body; `withheld` bytes of it are announced and never sent
 */
function buildRequest(request, names, common = {}) {
  const parts = partsOf(request).map((part) => partBytes(part, names));
  const plain = parts.length === 0 ? undefined : Buffer.concat(parts);
  const body = request.compress === undefined ? plain : COMPRESS[request.compress](plain);
  const headers = {
    ...lowerCase(common),
    ...(request.json === undefined ? {} : { 'content-type': 'application/json' }),
    ...(request.parts === undefined
      ? {}
      : { 'content-type': 'application/octet-stream', [JSON_LENGTH]: String(parts[0].length) }),
    ...(request.compress === undefined ? {} : { 'content-encoding': request.compress }),
    ...lowerCase(request.headers ?? {}),
  };
  const sent = Object.entries(headers).filter(([, value]) => value !== null);
  return {
    method: request.method ?? (body === undefined ? 'GET' : 'POST'),
    path: fill(request.path, names, encodeURIComponent),
    headers: Object.fromEntries(sent.map(([name, value]) => [name, headerText(value, names)])),
    body,
    withheld: request.withheldBytes ?? 0,
  };
}

function headerText(value, names) {
  return typeof value === 'object' ? repeated(value.repeat, names) : fill(value, names);
}

/** A text many times, so that a large body is a short line in a case. */
function repeated({ text, times }, names) {
  return text.repeat(Number(fill(times, names)));
}

/** A body in one piece, or its parts. */
function partsOf({ json, parts, text, hex, base64, repeat }) {
  const whole = { json, text, hex, base64, repeat };
  return parts ?? (Object.values(whole).every((value) => value === undefined) ? [] : [whole]);
}

function partBytes({ json, text, hex, base64, repeat, tensor }, names) {
  if (json !== undefined) {
    return Buffer.from(fill(writeJson(json), names));
  }
  if (tensor !== undefined) {
    return encodeTensor(tensor);
  }
  if (repeat !== undefined) {
    return Buffer.from(repeated(repeat, names));
  }
  if (text !== undefined) {
    return Buffer.from(text);
  }
  return hex === undefined ? Buffer.from(base64, 'base64') : Buffer.from(hex, 'hex');
}

/**
 * The message of gRPC that a case describes: `{"$tensor": …}`, `{"$utf8": …}`, `{"$hex": …}`
 * and `{"$repeat": …}` become bytes.
 */
function buildMessage(value, names) {
  if (typeof value === 'string') {
    return fill(value, names);
  }
  if (typeof value !== 'object' || value === null) {
    return value;
  }
  if (Array.isArray(value)) {
    return value.map((element) => buildMessage(element, names));
  }
  if (value.$tensor !== undefined) {
    return encodeTensor(value.$tensor);
  }
  if (value.$utf8 !== undefined) {
    return Buffer.from(value.$utf8);
  }
  if (value.$repeat !== undefined) {
    return Buffer.from(repeated(value.$repeat, names));
  }
  if (value.$hex !== undefined) {
    return Buffer.from(value.$hex, 'hex');
  }
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, buildMessage(inner, names)]));
}

/** Replaces `{name}` by what the name stands for; other braces stay. */
function fill(text, names, encode = String) {
  return String(text).replace(/\{([a-z][\w.-]*)\}/gi, (whole, name) =>
    names[name] === undefined ? whole : encode(names[name]),
  );
}

function lowerCase(headers) {
  return Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]));
}

module.exports = { buildMessage, buildRequest, fill };
