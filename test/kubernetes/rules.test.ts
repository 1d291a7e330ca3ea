import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { RULES, type Rule } from '../../lib/kubernetes';
import { BATCH_RULES } from '../../lib/kubernetes/rules/batch-rules';
import { CAPACITY_RULES } from '../../lib/kubernetes/rules/capacity-rules';
import { DEPENDENCY_RULES } from '../../lib/kubernetes/rules/dependency-rules';
import { GATEWAY_RULES } from '../../lib/kubernetes/rules/gateway-rules';
import { MANIFEST_RULES } from '../../lib/kubernetes/rules/manifest-rules';
import { MODEL_RULES } from '../../lib/kubernetes/rules/model-rules';
import { OBJECT_RULES } from '../../lib/kubernetes/rules/object-rules';
import { REQUEST_RULES } from '../../lib/kubernetes/rules/request-rules';
import { ROLLOUT_RULES } from '../../lib/kubernetes/rules/rollout-rules';
import { SECURITY_RULES } from '../../lib/kubernetes/rules/security-rules';
import { SERVING_RULES } from '../../lib/kubernetes/rules/serving-rules';
import { STREAM_RULES } from '../../lib/kubernetes/rules/stream-rules';
import { rulesDocument } from '../support/rules-document';

const DOCUMENT = join(__dirname, '../../docs/rules.md');
const rules = Object.values<Rule>(RULES);

test('codes are unique and have the form MS and four digits', () => {
  const codes = rules.map(({ code }) => code);
  expect(new Set(codes).size).toBe(codes.length);
  expect(codes.filter((code) => !/^MS[12]\d{3}$/.test(code))).toEqual([]);
});

test('no rule of one area hides a rule of another', () => {
  const areas = [
    MODEL_RULES,
    CAPACITY_RULES,
    SERVING_RULES,
    REQUEST_RULES,
    OBJECT_RULES,
    DEPENDENCY_RULES,
    SECURITY_RULES,
    MANIFEST_RULES,
    GATEWAY_RULES,
    ROLLOUT_RULES,
    BATCH_RULES,
    STREAM_RULES,
  ];
  expect(rules).toHaveLength(areas.reduce((sum, area) => sum + Object.keys(area).length, 0));
});

test.each(rules)('$code is told in full sentences', ({ title, statement, why }) => {
  expect(title).not.toMatch(/\.$/);
  expect(statement).toMatch(/^[A-Z].*\.$/);
  expect(why).toMatch(/^[A-Z`].*[.)]$/);
});

test('docs/rules.md is written from the table (UPDATE_DOCS=1 writes it)', () => {
  if (process.env.UPDATE_DOCS === '1') {
    writeFileSync(DOCUMENT, rulesDocument());
  }
  expect(readFileSync(DOCUMENT, 'utf8')).toBe(rulesDocument());
});
