// JSON with integers of any size: a number that a double cannot hold is read as a bigint and written in all digits.

/** Parses JSON. */
function parseJson(text) {
  return JSON.parse(text, (_key, value, context) => {
    const inexact = typeof value === 'number' && Number.isInteger(value) && !Number.isSafeInteger(value);
    return inexact && /^-?\d+$/.test(context?.source ?? '') ? BigInt(context.source) : value;
  });
}

/** Writes JSON; `{"$integer": "9223372036854775807"}` becomes that number. */
function writeJson(value) {
  return JSON.stringify(value, (_key, inner) => (isInteger(inner) ? JSON.rawJSON(inner.$integer) : inner));
}

function isInteger(value) {
  return typeof value === 'object' && value !== null && typeof value.$integer === 'string';
}

module.exports = { isInteger, parseJson, writeJson };
