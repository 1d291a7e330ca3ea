// The least that an HTTP server of Node.js does: a fixed JSON answer, the body of the request read and thrown away.
const http = require('node:http');

const [, , port] = process.argv;
const BODY = '{"predictions":[{"label":0,"probabilities":[1,0,0]}]}';

http
  .createServer((request, response) => {
    request.on('end', () => {
      response.writeHead(200, { 'Content-Type': 'application/json', 'Content-Length': BODY.length });
      response.end(BODY);
    });
    request.resume();
  })
  .listen(Number(port), '127.0.0.1');
