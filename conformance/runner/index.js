// What a program needs that runs the pack by itself.
const { Target } = require('./execute');
const { GrpcTarget } = require('./grpc-call');
const { loadCases, loadSources, reasonToSkip } = require('./pack');
const { buildMessage, buildRequest } = require('./request');

/**
 * Runs cases one after the other.
 *
 * @param options of the command line, see options.js
 * @returns for each case its outcome (`passed`, `failed`, `skipped`), problems, reason of a skip, and time
 */
async function runPack(cases, options) {
  const names = { ...modelNames(cases), ...options.names };
  const target = new Target({ ...options, names });
  const results = [];
  try {
    for (const each of cases) {
      const { id, group, name, rule, basis, source } = each;
      const common = { id, group, name, rule, basis, source };
      const reason = reasonToSkip(each, options);
      if (reason !== undefined) {
        results.push({ ...common, outcome: 'skipped', reason, problems: [] });
        continue;
      }
      const start = performance.now();
      const problems = await target.run(each);
      const outcome = problems.length === 0 ? 'passed' : 'failed';
      results.push({ ...common, outcome, problems, millis: performance.now() - start });
    }
  } finally {
    target.close();
  }
  return results;
}

/** The pack's own names of the models that cases name as `{name}`. */
function modelNames(cases) {
  const names = cases.flatMap(({ models = [] }) => models);
  return Object.fromEntries(names.map((name) => [name, name]));
}

module.exports = {
  buildMessage,
  buildRequest,
  GrpcTarget,
  loadCases,
  loadSources,
  modelNames,
  reasonToSkip,
  runPack,
  Target,
};
