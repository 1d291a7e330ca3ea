import { quote, RULES, type Violation, violation } from '../kubernetes';

const SHA256 = /^[0-9a-f]{64}$/;

/**
 * Checks the form of a SHA-256.
 *
 * @param prop where it is declared, for the message
 */
export function checkSha256(prop: string, sha256: string): Violation[] {
  return SHA256.test(sha256)
    ? []
    : [
        violation(
          RULES.digest,
          `${prop} is ${quote(sha256)}.`,
          'Write what `sha256sum model.onnx` (on macOS `shasum -a 256 model.onnx`) prints.',
        ),
      ];
}
