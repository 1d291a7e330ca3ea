const { readdirSync } = require('node:fs');
const { join } = require('node:path');
const { runJson } = require('./tools');

/** Grades of kube-score; what is better than a warning is no finding. */
const WARNING = 5;
const CRITICAL = 1;

/**
 * Scans a folder of manifests with kube-score: all checks that it makes by default, warnings included.
 *
 * @returns `{ checks, findings }`
 */
async function kubeScore(program, folder) {
  const files = readdirSync(folder).map((file) => join(folder, file));
  const objects = (await runJson(program, ['score', '--output-format', 'json', ...files])) ?? [];
  const scores = objects.flatMap((object) => object.checks.map((score) => ({ object, ...score })));
  const made = scores.filter(({ skipped }) => !skipped);
  const findings = made
    .filter(({ grade }) => grade <= WARNING)
    .map(({ object, check, grade, comments }) => ({
      tool: 'kube-score',
      check: check.id,
      severity: grade <= CRITICAL ? 'CRITICAL' : 'WARNING',
      file: `${object.file_name}:${object.file_row}`,
      object: `${object.type_meta.kind} ${object.object_meta.name}`,
      message: comments.map(({ path, summary }) => (path === '' ? summary : `${path}: ${summary}`)).join('; '),
    }));
  return { checks: made.length, findings };
}

module.exports = { kubeScore };
