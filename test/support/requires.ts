import { existsSync } from 'node:fs';
import { resolve } from 'node:path';

/**
 * A test group that needs something which a new user's machine may lack.
 * Absent, the group is skipped and says by name what is missing; in CI the reporter turns that into a failure.
 */
export function describeWith(name: string, needs: { what: string; present: boolean }, body: () => void): void {
  if (needs.present) {
    describe(name, body);
  } else {
    describe(`${name} (skipped: needs ${needs.what})`, () => {
      // biome-ignore lint/suspicious/noSkippedTests: the skip is the message
      it.skip(`needs ${needs.what}`, () => undefined);
    });
  }
}

/** Folder with the JSON Schemas of Kubernetes and of custom resources, beside the checkout. */
export const SCHEMAS = resolve(__dirname, '../../../shared/schemas');

/** The schemas, as a need of {@link describeWith}. */
export const KUBERNETES_SCHEMAS = {
  what: 'the Kubernetes JSON Schemas (../shared/schemas)',
  present: existsSync(SCHEMAS),
};
