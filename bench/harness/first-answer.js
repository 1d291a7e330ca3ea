/* Waits for a server until it answers a prediction. */
const { request } = require('node:http');
const { setTimeout: delay } = require('node:timers/promises');
const { callOnce } = require('../protocols/grpc');

const MOST_MILLIS = 90_000;
const BETWEEN_MILLIS = 2;

/**
 * Asks until the answer is a prediction.
 *
 * @param target what to ask: {protocol, path, body}
 * @returns milliseconds from the start of the process
 */
exports.firstAnswer = async (server, target) => {
  let last;
  while (performance.now() - server.started < MOST_MILLIS && !server.hasExited) {
    last = await ask(server, target);
    if (last === 0 || last === 200) {
      return performance.now() - server.started;
    }
    await delay(BETWEEN_MILLIS);
  }
  const reason = last === undefined ? 'nothing answers' : `the last answer was ${last}`;
  throw new Error(`${server.name}: no prediction over ${target.protocol} (${reason}).\n${server.log()}`);
};

function ask({ ports }, { protocol, path, body }) {
  return protocol === 'grpc' ? callOnce(ports.grpc, body) : post(ports.http, path, body);
}

function post(port, path, body) {
  return new Promise((resolve) => {
    const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
    const sent = request({ host: '127.0.0.1', port, path, method: 'POST', headers, agent: false }, (response) => {
      response.resume();
      response.on('end', () => resolve(response.statusCode));
    });
    sent.on('error', () => resolve(undefined));
    sent.end(body);
  });
}
