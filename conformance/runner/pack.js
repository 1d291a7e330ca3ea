// Reads the cases and chooses among them.
const { readdirSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const CASES = join(__dirname, '../cases');

/**
 * All cases of the pack, each with its `id` (`<group>/<name>`) and `group`, in the order of the files.
 *
 * @param directory folder of case files; every `.json` in it, at any depth, is read
 */
function loadCases(directory = CASES) {
  return readdirSync(directory, { recursive: true })
    .filter((file) => file.endsWith('.json'))
    .sort()
    .flatMap((file) => {
      const { group, cases } = JSON.parse(readFileSync(join(directory, file), 'utf8'));
      return cases.map((each) => ({ ...each, group, id: `${group}/${each.name}` }));
    });
}

/** The sources that cases name, by key. */
function loadSources() {
  return JSON.parse(readFileSync(join(__dirname, '../sources.json'), 'utf8'));
}

/**
 * Why a case is not run; undefined when it is.
 *
 * @param only patterns of ids with `*`; empty = all
 * @param except patterns of ids with `*`
 * @param bases why a rule is one; empty = all
 * @param without models that the server does not serve
 * @param features what the server offers beyond its protocols: `grpc`, and what `--with` names
 */
function reasonToSkip({ id, basis, needs, models = [], steps, request }, options) {
  const { only, except, bases, features, without } = options;
  if (only.length > 0 && !only.some((pattern) => matches(pattern, id))) {
    return 'not selected';
  }
  if (except.some((pattern) => matches(pattern, id)) || (bases.length > 0 && !bases.includes(basis))) {
    return 'not selected';
  }
  const unserved = models.find((name) => without.includes(name));
  if (unserved !== undefined) {
    return `--without ${unserved}`;
  }
  const needed = [...(needs ?? []), ...(usesGrpc(steps ?? [{ request }]) ? ['grpc'] : [])];
  const missing = needed.find((feature) => !features.has(feature));
  return missing === undefined ? undefined : missing === 'grpc' ? 'needs --grpc' : `needs --with ${missing}`;
}

function usesGrpc(steps) {
  return steps.some((step) => (step.parallel ?? [step]).some(({ request }) => request?.rpc !== undefined));
}

/** Whether a pattern stands for an id: `*` stands for anything, and a pattern without `/` for whole groups. */
function matches(pattern, id) {
  const parts = pattern.split('*').map((part) => part.replace(/[\\^$.|?+()[\]{}]/g, '\\$&'));
  return new RegExp(`^${parts.join('.*')}$`).test(pattern.includes('/') ? id : id.slice(0, id.indexOf('/')));
}

module.exports = { loadCases, loadSources, reasonToSkip };
