const { join } = require('node:path');
const { runJson } = require('./tools');

/** `--skip-download`: nothing is asked of a server, neither for more checks nor for their descriptions. */
const ARGUMENTS = ['--framework', 'kubernetes', '--skip-download', '--compact', '--output', 'json', '--directory', '.'];

/**
 * Scans a folder of folders of manifests with checkov: one process for all of them, since it takes seconds to start.
 *
 * @returns by name of the inner folder, `{ checks, findings }`
 */
async function checkov(program, folder) {
  const report = await runJson(program, ARGUMENTS, { cwd: folder });
  const { passed_checks: passed, failed_checks: failed, parsing_errors: unread } = report.results;
  const results = new Map();
  const resultOf = (path) => {
    const target = path.split('/').filter((part) => part !== '')[0];
    const result = results.get(target) ?? { checks: 0, findings: [] };
    results.set(target, result);
    return result;
  };
  for (const { file_path: path } of [...passed, ...failed]) {
    resultOf(path).checks += 1;
  }
  for (const { file_path: path, file_line_range: lines, check_id: check, check_name: message, resource } of failed) {
    const [kind, , name] = resource.split('.');
    const file = `${join(folder, path)}:${lines[0]}`;
    resultOf(path).findings.push({
      tool: 'checkov',
      check,
      severity: 'FAILED',
      file,
      object: `${kind} ${name}`,
      message,
    });
  }
  for (const path of unread) {
    resultOf(path).findings.push({
      tool: 'checkov',
      check: 'unread',
      severity: 'FAILED',
      file: join(folder, path),
      object: '',
      message: 'the file cannot be parsed',
    });
  }
  return results;
}

module.exports = { checkov };
