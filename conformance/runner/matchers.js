// Compares what a server answered with what a case expects. A plain value matches its equal; an object matches one that
// has at least its keys; a list matches one of the same length. Objects with a key that starts with $ are matchers.
const { isDeepStrictEqual } = require('node:util');
const { isInteger } = require('./json');

/** Each takes the matcher, the actual value and its path, and gives back what is wrong. */
const MATCHERS = {
  /** Any value of a type. */
  $any: ({ $any }, actual, path) => (typeOf(actual, $any) === $any ? [] : [`${path}: ${shown(actual)} is no ${$any}`]),

  /** A number close to another; the tolerance is relative above 1. */
  $near: ({ $near, tolerance = 1e-5 }, actual, path) =>
    typeof actual === 'number' && Math.abs(actual - $near) <= tolerance * Math.max(1, Math.abs($near))
      ? []
      : [`${path}: ${shown(actual)} is not ${$near} ± ${tolerance}`],

  /** A number that is the same when it is rounded to single precision. */
  $float32: ({ $float32 }, actual, path) =>
    typeof actual === 'number' && Math.fround(actual) === Math.fround($float32)
      ? []
      : [`${path}: ${shown(actual)} is not ${$float32} in single precision`],

  /** An integer in digits, of any size. */
  $integer: ({ $integer }, actual, path) =>
    ['number', 'bigint'].includes(typeof actual) && BigInt(actual) === BigInt($integer)
      ? []
      : [`${path}: ${shown(actual)} is not ${$integer}`],

  /** A text that a regular expression finds something in. */
  $matches: ({ $matches }, actual, path) =>
    typeof actual === 'string' && new RegExp($matches).test(actual)
      ? []
      : [`${path}: ${shown(actual)} does not match /${$matches}/`],

  /** One of several. */
  $oneOf: ({ $oneOf }, actual, path) =>
    $oneOf.some((expected) => match(expected, actual, path).length === 0)
      ? []
      : [`${path}: ${shown(actual)} is none of ${shown($oneOf)}`],

  /** A list with at least these elements, in any order. */
  $contains: ({ $contains }, actual, path) => {
    if (!Array.isArray(actual)) {
      return [`${path}: ${shown(actual)} is no list`];
    }
    return $contains
      .filter((expected) => !actual.some((element) => match(expected, element, path).length === 0))
      .map((expected) => `${path}: ${shown(expected)} is missing in ${shown(actual)}`);
  },

  /** Nothing is there: the key is missing or null. */
  $absent: (_matcher, actual, path) =>
    actual === undefined || actual === null ? [] : [`${path}: ${shown(actual)} should not be there`],
};

/**
 * Compares.
 *
 * @returns what is wrong, each with the path of the value; empty when all is right
 */
function match(expected, actual, path) {
  if (typeof expected !== 'object' || expected === null) {
    return isDeepStrictEqual(expected, actual) || sameNumber(expected, actual)
      ? []
      : [`${path}: ${shown(actual)} is not ${shown(expected)}`];
  }
  const kind = Object.keys(expected).find((key) => key in MATCHERS);
  if (kind !== undefined) {
    return MATCHERS[kind](expected, actual, path);
  }
  return Array.isArray(expected) ? matchList(expected, actual, path) : matchObject(expected, actual, path);
}

function matchList(expected, actual, path) {
  if (!Array.isArray(actual)) {
    return [`${path}: ${shown(actual)} is no list`];
  }
  if (actual.length !== expected.length) {
    return [`${path}: a list of ${actual.length} instead of ${expected.length}: ${shown(actual)}`];
  }
  return expected.flatMap((element, index) => match(element, actual[index], `${path}[${index}]`));
}

function matchObject(expected, actual, path) {
  if (typeof actual !== 'object' || actual === null || Array.isArray(actual)) {
    return [`${path}: ${shown(actual)} is no object`];
  }
  return Object.entries(expected).flatMap(([key, value]) => match(value, actual[key], `${path}.${key}`));
}

/** A number that the client read as bigint, for example an INT64 of gRPC. -0 and 0 count as the same. */
function sameNumber(expected, actual) {
  return typeof expected === 'number' && ['number', 'bigint'].includes(typeof actual) && Number(actual) === expected;
}

function typeOf(value, wanted) {
  if (Array.isArray(value)) {
    return 'list';
  }
  if (wanted === 'integer' && (typeof value === 'bigint' || Number.isInteger(value))) {
    return 'integer';
  }
  return value === null ? 'null' : typeof value;
}

/** A value in a message, not longer than a line. */
function shown(value) {
  if (value === undefined) {
    return 'nothing';
  }
  const text = JSON.stringify(value, (_key, inner) => {
    if (typeof inner === 'bigint') {
      return String(inner);
    }
    return isInteger(inner) ? inner.$integer : inner;
  });
  return text.length > 160 ? `${text.slice(0, 160)}…` : text;
}

module.exports = { match, shown };
