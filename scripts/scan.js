/**
 * Scans the manifests of every example, and of declarations that use every property, with kube-score, kubeconform and checkov.
 * Ends with 1 when anything is found. docs/reference/scan.md tells what is scanned and what is suppressed.
 */

const { relative } = require('node:path');
const { checkov } = require('./scan/checkov');
const { kubeconform } = require('./scan/kubeconform');
const { kubeScore } = require('./scan/kube-score');
const { writeSchemas } = require('./scan/schemas');
const { suppressionFindings } = require('./scan/suppressions');
const { BARE, MANIFESTS, synthesizeTargets } = require('./scan/targets');
const { installTools } = require('./scan/tools');

/** Every tool over every target: by target, the results of the tools, each with what is found without suppressions. */
async function scan(programs, targets) {
  const locations = writeSchemas(targets.flatMap(({ manifests }) => manifests));
  const [checkovFound, checkovBare] = await Promise.all([
    checkov(programs.checkov, MANIFESTS),
    checkov(programs.checkov, BARE),
  ]);
  const results = new Map();
  for (const target of targets) {
    const nothing = { checks: 0, findings: [] };
    const scans = [
      {
        tool: 'kube-score',
        ...(await kubeScore(programs['kube-score'], target.folder)),
        bare: (await kubeScore(programs['kube-score'], target.bareFolder)).findings,
      },
      {
        tool: 'checkov',
        ...(checkovFound.get(target.directory) ?? nothing),
        bare: (checkovBare.get(target.directory) ?? nothing).findings,
      },
    ];
    for (const [version, location] of locations ?? []) {
      if (isAtLeast(version, target.oldest)) {
        const result = await kubeconform(programs.kubeconform, target.folder, version, location);
        scans.push({ tool: `kubeconform ${version}`, ...result, bare: result.findings });
      }
    }
    results.set(target, scans);
  }
  if (locations === undefined) {
    console.log('kubeconform is left out: set KUBERNETES_SCHEMAS to a folder with kubernetes-v<major>.<minor>.0.json');
  }
  return results;
}

function isAtLeast(version, oldest = '1.0') {
  const minor = (text) => Number(text.split('.')[1]);
  return minor(version) >= minor(oldest);
}

/** What is wrong with a target: its findings, or, when it must have some, those that differ. */
function faultsOf({ manifests, expected }, scans) {
  const found = scans.flatMap(({ findings }) => findings);
  const unexpected = found.filter(({ check }) => !expected.includes(check));
  const missing = expected.filter((check) => !found.some((finding) => finding.check === check));
  const unscanned = scans.filter(({ checks }) => checks === 0);
  return [
    ...unexpected,
    ...missing.map((check) => fault('scan', check, 'must be found here, and is not')),
    ...unscanned.map(({ tool }) => fault(tool, 'nothing', 'checked nothing')),
    ...suppressionFindings(
      manifests,
      scans.flatMap(({ bare }) => bare),
    ),
  ];
}

function fault(tool, check, message) {
  return { tool, check, severity: 'FAILED', file: '', object: '', message };
}

/** Prints a line for each tool and example, then the faults. */
function report(results) {
  const groups = new Map();
  const faults = [];
  for (const [target, scans] of results) {
    const { name, models, tools } = groups.get(groupOf(target)) ?? {
      name: groupOf(target),
      models: 0,
      tools: new Map(),
    };
    groups.set(name, { name, models: models + 1, tools });
    for (const { tool, checks, findings, bare } of scans) {
      const sum = tools.get(tool) ?? { checks: 0, found: 0, suppressed: 0 };
      sum.checks += checks;
      sum.found += findings.length;
      sum.suppressed += bare.length - findings.length;
      tools.set(tool, sum);
    }
    faults.push(...faultsOf(target, scans).map((each) => ({ target: target.name, ...each })));
  }
  for (const { name, models, tools } of groups.values()) {
    for (const [tool, { checks, found, suppressed }] of tools) {
      const what = models === 1 ? name : `${name}, ${models} models`;
      const counts = `${checks} checks, ${suppressed} suppressed, findings: ${found}`;
      const wanted = name === 'weakened' ? ' (there must be some)' : '';
      console.log(`${what.padEnd(26)}${tool.padEnd(18)}${counts}${wanted}`);
    }
  }
  for (const { target, tool, check, severity, file, object, message } of faults) {
    const where = [target, file === '' ? '' : relative(process.cwd(), file), object].filter((text) => text !== '');
    console.error(`\n${severity} ${tool} ${check}: ${message}\n  ${where.join(' · ')}`);
  }
  return faults;
}

/** Examples are reported one by one, declarations together. */
function groupOf({ name }) {
  return name.startsWith('examples/') ? name : name.split('/')[0];
}

async function main() {
  const started = performance.now();
  const programs = await installTools();
  const targets = await synthesizeTargets();
  const faults = report(await scan(programs, targets));
  const seconds = ((performance.now() - started) / 1000).toFixed(1);
  console.log(`\nscan of ${targets.length} folders of manifests: ${faults.length} faults (${seconds} s)`);
  process.exitCode = faults.length === 0 ? 0 : 1;
}

main().catch((error) => {
  console.error(`scan failed: ${error.message}`);
  process.exitCode = 1;
});
