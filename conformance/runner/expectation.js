// Compares an answer with what a case expects.
const { parseJson } = require('./json');
const { match, shown } = require('./matchers');
const { grpcOutputs, restOutputs } = require('./outputs');
const { fill } = require('./request');

/** What is wrong with an answer over HTTP; empty when nothing is. */
function checkHttp(expect, answer, names) {
  const wanted = filled(expect, names);
  const problems = matchStatus(wanted.status, answer.status);
  if (problems.length > 0) {
    return problems.map((problem) => `${problem}; body: ${shown(answer.body.toString('utf8'))}`);
  }
  const { json, binary, fault } = jsonAndBinary(answer);
  const needsJson = wanted.json !== undefined || wanted.outputs !== undefined || wanted.error !== undefined;
  return [
    ...Object.entries(wanted.headers ?? {}).flatMap(([name, value]) =>
      match(value, answer.headers[name.toLowerCase()], `header ${name}`),
    ),
    ...(needsJson && fault !== undefined ? [fault] : []),
    ...(needsJson && fault === undefined ? checkJson(wanted, json, binary) : []),
    ...(wanted.error === undefined
      ? []
      : match({ $matches: '^application/json' }, answer.headers['content-type'], 'header content-type')),
    ...(wanted.empty === true && answer.body.length > 0
      ? [`a body of ${answer.body.length} bytes should not be there`]
      : []),
    ...(wanted.endsWithHex === undefined || answer.body.toString('hex').endsWith(wanted.endsWithHex)
      ? []
      : [`the body should end with the bytes ${wanted.endsWithHex}`]),
    ...(wanted.lacks ?? [])
      .filter((text) => answer.body.includes(text))
      .map((text) => `the body should not hold ${shown(text)}`),
    ...(wanted.keptOpen === undefined ? [] : match(wanted.keptOpen, answer.keptOpen, 'connection kept open')),
    ...(wanted.newConnection === undefined ? [] : match(wanted.newConnection, answer.newConnection, 'new connection')),
  ];
}

function checkJson({ json: expected, error, outputs, form }, json, binary) {
  return [
    ...(expected === undefined ? [] : match(expected, json, 'body')),
    ...(error === undefined ? [] : match({ error: error === true ? { $matches: '\\S' } : error }, json, 'body')),
    ...(outputs === undefined ? [] : checkOutputs(outputs, form, () => restOutputs(json, binary))),
  ];
}

/** What is wrong with an answer over gRPC. */
function checkGrpc(expect, answer, names) {
  const wanted = filled(expect, names);
  const codes = [wanted.code].flat();
  if (!codes.includes(answer.code)) {
    return [
      `code ${answer.code} is not ${codes.join(' or ')}${answer.details === '' ? '' : `; ${shown(answer.details)}`}`,
    ];
  }
  return [
    ...(wanted.message === undefined ? [] : match(wanted.message, answer.message, 'message')),
    ...(wanted.details === undefined ? [] : match(wanted.details, answer.details, 'details')),
    ...(wanted.lacks ?? [])
      .filter((text) => answer.details.includes(text))
      .map((text) => `the details should not hold ${shown(text)}`),
    ...(wanted.outputs === undefined
      ? []
      : checkOutputs(wanted.outputs, wanted.form, () => grpcOutputs(answer.message))),
  ];
}

/** Outputs are found by name: the protocol gives them no order. */
function checkOutputs(expected, form, read) {
  let actual;
  try {
    actual = read();
  } catch (error) {
    return [error.message];
  }
  return [
    ...match(expected.map(({ name }) => name).sort(), actual.map(({ name }) => name).sort(), 'names of outputs'),
    ...expected.flatMap((output) => {
      const found = actual.find(({ name }) => name === output.name);
      const wanted = { ...(form === undefined ? {} : { form }), ...output };
      return found === undefined ? [] : match(wanted, found, `output ${output.name}`);
    }),
  ];
}

function matchStatus(expected, actual) {
  const statuses = [expected].flat();
  return statuses.includes(actual) ? [] : [`status ${actual} is not ${statuses.join(' or ')}`];
}

/** The JSON part of a body and what follows it. */
function jsonAndBinary({ body, headers }) {
  const length = headers['inference-header-content-length'];
  const end = length === undefined ? body.length : Number(length);
  if (!Number.isInteger(end) || end > body.length) {
    return { fault: `header inference-header-content-length is ${length}, but the body has ${body.length} bytes` };
  }
  try {
    return { json: parseJson(body.toString('utf8', 0, end)), binary: body.subarray(end) };
  } catch {
    return { fault: `the body is no JSON: ${shown(body.toString('utf8', 0, end))}` };
  }
}

/** The expectation with names filled in. */
function filled(expect, names) {
  return JSON.parse(fill(JSON.stringify(expect), names));
}

module.exports = { checkGrpc, checkHttp };
