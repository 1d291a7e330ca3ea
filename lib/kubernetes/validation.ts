import type { IConstruct } from 'constructs';
import { formatViolation, type Violation } from './violation';

/** Type of the metadata entries of a construct that hold its warnings. */
const WARNING_METADATA = 'model-serving:warning';

// Warnings that an app has printed: validation runs once for the app and once more for every chart.
const printed = new WeakMap<IConstruct, Set<string>>();

/**
 * Checks a construct at synth. All violations of all constructs are reported together by cdk8s, each with its path.
 *
 * Errors fail the synthesis. A warning becomes metadata of the construct, and is printed once for an app.
 *
 * @param construct construct to check
 * @param check finds the violations; called at least once for each synthesis, so it is quick and changes nothing
 */
export function validateConstruct(construct: IConstruct, check: () => Violation[]): void {
  const known = new Set<string>();
  construct.node.addValidation({
    validate: () => {
      const errors: string[] = [];
      for (const found of check()) {
        const message = formatViolation(found);
        if (found.rule.severity === 'error') {
          errors.push(message);
        } else if (!known.has(message)) {
          known.add(message);
          construct.node.addMetadata(WARNING_METADATA, message);
          print(construct, message);
        }
      }
      return errors;
    },
  });
}

function print(construct: IConstruct, message: string): void {
  const { root } = construct.node;
  const messages = printed.get(root) ?? new Set<string>();
  printed.set(root, messages);
  if (!messages.has(message)) {
    messages.add(message);
    process.stderr.write(`warning: [${construct.node.path}] ${message}\n`);
  }
}
