import { RULES, type Rule } from '../../lib/kubernetes';

const AREAS: { title: string; first: string }[] = [
  { title: 'The model and its source', first: 'MS1000' },
  { title: 'Resources', first: 'MS1200' },
  { title: 'Replicas and disruption', first: 'MS1300' },
  { title: 'Time and requests', first: 'MS1400' },
  { title: 'Warm-up', first: 'MS1500' },
  { title: 'Images', first: 'MS1600' },
  { title: 'Names, labels, environment, network and mounted keys', first: 'MS1700' },
  { title: 'Features, fallback, prediction log and traces', first: 'MS1800' },
  { title: 'Authentication', first: 'MS1900' },
  { title: 'Finished manifests', first: 'MS2000' },
  { title: 'Gateways', first: 'MS2100' },
  { title: 'Rollouts', first: 'MS2200' },
  { title: 'Batch jobs', first: 'MS2300' },
  { title: 'Streaming consumers', first: 'MS2400' },
];

const WHERE = {
  program: 'at synth',
  manifests: 'by the validation plugin',
  both: 'at synth, and by the validation plugin',
} as const;

const INTRODUCTION = `# Rules

What a declaration must hold, so that its manifests work. Written from the table in \`lib/kubernetes/rules\`: change it
there.

A broken rule is an **error** (synthesis fails) or a **warning** (the manifests are written, and the warning is printed
once and kept as metadata of the construct, under \`model-serving:warning\`). All broken rules of all constructs are
reported together, each with the path of its construct, what was found, the rule, and what to do:

\`\`\`text
Validation failed with the following errors:
  [iris/classifier] MS1301 The number of replicas is '0'.
      Rule: A number of replicas is a whole number of at least 1.
      Fix: Write 1 or more.
      See https://github.com/cdk8s-model-serving/cdk8s-model-serving/blob/main/docs/rules.md#ms1301
\`\`\`

The **validation plugin** checks finished manifests, with everything that patches changed:

\`\`\`yaml
# cdk8s.yaml
validations:
  - package: ./node_modules/cdk8s-model-serving
    version: 0.1.0
    class: ServingPolicy
    properties:
      ignore: [MS1602]   # codes that are not checked
      strict: true       # warnings fail too
\`\`\`

A code never changes its meaning.
`;

/** The text of docs/rules.md. */
export function rulesDocument(): string {
  const rules = Object.values<Rule>(RULES).sort((a, b) => a.code.localeCompare(b.code));
  const sections = AREAS.map(({ title, first }, index) => {
    const next = AREAS[index + 1]?.first ?? 'MS9999';
    const own = rules.filter(({ code }) => code >= first && code < next);
    return `## ${title}\n\n${own.map(entry).join('\n')}`;
  });
  return [INTRODUCTION, ...sections].join('\n');
}

function entry({ code, title, statement, why, severity, subject }: Rule): string {
  return `### ${code}\n\n**${title}** · ${severity}, ${WHERE[subject]}\n\n${statement}\n\n${why}\n`;
}
