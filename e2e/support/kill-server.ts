/**
 * A program that kills the server of a pod whose containers share a process namespace. The kubelet runs it as a process of
 * its own: it kills the server and not itself.
 */
export const KILL_SERVER = `
  const { readdirSync, readFileSync } = require('node:fs');
  const isServer = (pid) => /^\\d+$/.test(pid) && Number(pid) !== process.pid &&
    readFileSync('/proc/' + pid + '/cmdline', 'utf8').includes('--config');
  process.kill(Number(readdirSync('/proc').find(isServer)), 'SIGKILL');
`;
