import { closeSync, constants, openSync, writeSync } from 'node:fs';
import { ENVIRONMENT, PATHS } from '../contract';

/** A kubelet reads no more than this. */
const MAX_BYTES = 4096;

/**
 * Writes why the process ends to the file that Kubernetes shows as the container's termination message.
 * Where there is no such file, as on a developer's machine, nothing happens.
 */
export function leaveTerminationMessage(reason: string): void {
  try {
    // Without O_CREAT: the file is the kubelet's, and its absence says that there is no kubelet.
    const file = openSync(terminationMessagePath(), constants.O_WRONLY | constants.O_TRUNC);
    try {
      writeSync(file, Buffer.from(reason).subarray(0, MAX_BYTES));
    } finally {
      closeSync(file);
    }
  } catch {
    // The process is ending for another reason, which is logged; a missing or read-only file must not hide it.
  }
}

function terminationMessagePath(): string {
  if (!process.env[ENVIRONMENT.sandbox]) {
    return PATHS.terminationMessage;
  }
  const { containerPath } = require('../config') as typeof import('../config');
  return containerPath(PATHS.terminationMessage);
}
