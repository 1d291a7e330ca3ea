import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** The tool that makes certificates, as a need of `describeWith`. */
export const OPENSSL = {
  what: 'openssl (apt-get install openssl)',
  present: spawnSync('openssl', ['version']).status === 0,
};

/** A certificate and its key, in PEM. */
export interface Certificate {
  readonly certificate: string;
  readonly key: string;
}

/** An authority that signs certificates for 127.0.0.1 and for clients. */
export interface Authority {
  readonly certificate: string;
  /** @param host another name than 127.0.0.1 */
  issue(name: string, host?: string): Certificate;
}

/** Makes an authority whose files lie in a directory. */
export function makeAuthority(directory: string, name: string): Authority {
  const file = (of: string, kind: string) => join(directory, `${of}.${kind}`);
  const run = (...args: string[]) => execFileSync('openssl', args, { stdio: ['ignore', 'pipe', 'pipe'] });
  const request = (of: string, ...more: string[]) => {
    const key = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes', '-keyout', file(of, 'key')];
    run('req', '-x509', '-days', '1', '-subj', `/CN=${of}`, ...key, '-out', file(of, 'crt'), ...more);
  };
  request(name);
  return {
    certificate: readFileSync(file(name, 'crt'), 'utf8'),
    issue: (of, host) => {
      const signer = ['-CA', file(name, 'crt'), '-CAkey', file(name, 'key')];
      const names = `subjectAltName=${host === undefined ? 'IP:127.0.0.1' : `DNS:${host}`}`;
      request(of, ...signer, '-addext', names, '-addext', 'basicConstraints=critical,CA:false');
      return { certificate: readFileSync(file(of, 'crt'), 'utf8'), key: readFileSync(file(of, 'key'), 'utf8') };
    },
  };
}
