// Sends one request over HTTP/1.1 and collects the answer.
const { Agent, request: send } = require('node:http');
const { Agent: TlsAgent, request: sendTls } = require('node:https');
const { gunzipSync, inflateSync } = require('node:zlib');

/** An agent with one connection, so that the steps of a case share it, unless a step sends several at once. */
function openConnection(url, connections = 1) {
  const options = { keepAlive: true, maxSockets: connections };
  return url.protocol === 'https:' ? new TlsAgent(options) : new Agent(options);
}

/**
 * Sends a request.
 *
 * @returns status, headers, body (decompressed), whether the connection was opened for it, and whether it stays open
 */
function callHttp(url, { method, path, headers, body, withheld = 0 }, { agent, timeoutMillis }) {
  return new Promise((resolve, reject) => {
    // Not a URL: its constructor would tidy the path up.
    const options = { method, path, headers, agent, host: url.hostname, port: url.port };
    const request = (url.protocol === 'https:' ? sendTls : send)(options);
    if (body !== undefined && request.getHeader('transfer-encoding') === undefined) {
      request.setHeader('content-length', body.length + withheld);
    }
    const timer = setTimeout(() => request.destroy(new Error(`no answer in ${timeoutMillis} ms`)), timeoutMillis);
    let answered = false;
    request.on('response', (response) => {
      answered = true;
      const pieces = [];
      response.on('data', (piece) => pieces.push(piece));
      response.on('error', reject);
      response.on('end', () => {
        clearTimeout(timer);
        try {
          resolve({
            status: response.statusCode,
            headers: response.headers,
            body: decompress(Buffer.concat(pieces), response.headers['content-encoding']),
            newConnection: !request.reusedSocket,
            keptOpen: response.headers.connection?.toLowerCase() !== 'close',
          });
        } catch (error) {
          reject(error);
        }
      });
    });
    request.on('error', (error) => {
      clearTimeout(timer);
      // A server that refuses a body may close while it is still being sent; its answer counts.
      if (!answered) {
        reject(error);
      }
    });
    if (withheld > 0) {
      request.write(body);
    } else {
      request.end(body);
    }
  });
}

function decompress(body, encoding) {
  switch (encoding) {
    case 'gzip':
      return gunzipSync(body);
    case 'deflate':
      return inflateSync(body);
    default:
      return body;
  }
}

module.exports = { callHttp, openConnection };
