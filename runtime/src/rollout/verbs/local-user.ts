import { hostname, userInfo } from 'node:os';

/** The user of this machine, as `user@host`. */
export function localUser(): string {
  return `${userName()}@${hostname()}`;
}

function userName(): string {
  try {
    return userInfo().username;
  } catch {
    // A container may run as a user that has no entry in /etc/passwd.
    return process.env.USER ?? `uid-${process.getuid?.() ?? 'unknown'}`;
  }
}
