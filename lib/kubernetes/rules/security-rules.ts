import type { RuleTable } from './rule';

/** Authentication: MS1900 to MS1999. */
export const SECURITY_RULES = {
  authenticationWays: {
    code: 'MS1901',
    title: 'Ways to authenticate',
    statement: 'Authentication names at least one way, API keys at most once and tokens at most once.',
    why: 'With none nobody could send a request; of two of the same kind one would be ignored.',
    severity: 'error',
    subject: 'program',
  },
  tokenClaims: {
    code: 'MS1902',
    title: 'Issuer and audience',
    statement: 'A token is checked for an issuer and an audience, and signed by at least one accepted algorithm.',
    why: 'Without them a token that was made for any other service would open this one.',
    severity: 'error',
    subject: 'program',
  },
  tokenKeys: {
    code: 'MS1903',
    title: 'Address of the keys',
    statement:
      'The keys of tokens are read from an https:// address, or http:// inside the cluster, without user name and fragment, and never link-local.',
    why: 'Whoever can change the keys on their way can sign tokens.',
    severity: 'error',
    subject: 'program',
  },
} as const satisfies RuleTable;
