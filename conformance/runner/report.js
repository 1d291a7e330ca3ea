// Results for people and for machines.

/** A table: one line a case, what is wrong below it, and sums at the end. */
function tableOf(results, sources) {
  const width = Math.max(0, ...results.map(({ id }) => id.length));
  const lines = results
    .filter(({ outcome }) => outcome !== 'skipped')
    .flatMap(({ id, outcome, basis, rule, source, problems, millis }) => [
      `${outcome === 'passed' ? 'ok    ' : 'FAILED'}  ${id.padEnd(width)}  ${basis.padEnd(13)}  ${millis.toFixed(0).padStart(5)} ms`,
      ...(outcome === 'passed' ? [] : [`        ${rule} (${whereFrom(source, sources)})`]),
      ...problems.map((problem) => `        - ${problem}`),
    ]);
  return [...lines, '', ...sumsOf(results), '', ...skippedOf(results), closingLine(results), ''].join('\n');
}

/** One line a group, with passed of run. */
function sumsOf(results) {
  const keys = ['group', 'basis'];
  return keys.flatMap((key) => {
    const run = results.filter(({ outcome }) => outcome !== 'skipped');
    return [...new Set(run.map((result) => result[key]))].map((name) => {
      const own = run.filter((result) => result[key] === name);
      const passed = own.filter(({ outcome }) => outcome === 'passed').length;
      return `${name.padEnd(16)} ${String(passed).padStart(4)} of ${String(own.length).padStart(4)} passed`;
    });
  });
}

function skippedOf(results) {
  const reasons = new Map();
  for (const { outcome, reason } of results) {
    if (outcome === 'skipped') {
      reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
    }
  }
  return reasons.size === 0 ? [] : [...[...reasons].map(([reason, count]) => `${count} skipped: ${reason}`), ''];
}

function closingLine(results) {
  const count = (wanted) => results.filter(({ outcome }) => outcome === wanted).length;
  return `${count('passed')} passed, ${count('failed')} failed, ${count('skipped')} skipped`;
}

/** Where a rule comes from, in one line. */
function whereFrom({ document, section }, sources) {
  return `${sources[document].title}, ${section}`;
}

/** The report that test runners exchange. */
function junitOf(results) {
  const groups = [...new Set(results.map(({ group }) => group))];
  const count = (cases, wanted) => cases.filter(({ outcome }) => outcome === wanted).length;
  const suites = groups.map((group) => {
    const cases = results.filter((result) => result.group === group);
    const attributes = `name="${group}" tests="${cases.length}" failures="${count(cases, 'failed')}" skipped="${count(cases, 'skipped')}"`;
    return `  <testsuite ${attributes}>\n${cases.map(testCase).join('')}  </testsuite>\n`;
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n<testsuites>\n${suites.join('')}</testsuites>\n`;
}

function testCase({ group, name, outcome, reason, rule, problems, millis = 0 }) {
  const start = `    <testcase classname="${group}" name="${escaped(name)}" time="${(millis / 1000).toFixed(3)}"`;
  switch (outcome) {
    case 'passed':
      return `${start}/>\n`;
    case 'skipped':
      return `${start}><skipped message="${escaped(reason)}"/></testcase>\n`;
    default:
      return `${start}><failure message="${escaped(rule)}">${escaped(problems.join('\n'))}</failure></testcase>\n`;
  }
}

function escaped(text) {
  const entities = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;' };
  return text
    .replace(/[&<>"]/g, (character) => entities[character])
    .replace(/[^\t\n\r\u0020-\ud7ff\ue000-\uffff]/g, '\ufffd');
}

module.exports = { junitOf, tableOf, whereFrom };
