import { text } from 'node:stream/consumers';
import { GrpcClient, type Outcome } from '../../test/support/grpc-client';
import type { Command, HttpAnswer } from './command';
import { load } from './load';

/** The program of the client pod: one command as JSON in its argument, one answer as JSON on standard output. */
async function main(): Promise<void> {
  const command = JSON.parse(process.argv[2] ?? '') as Command;
  process.stdout.write(JSON.stringify(await answerOf(command)));
}

async function answerOf(command: Command): Promise<unknown> {
  switch (command.kind) {
    case 'http':
      return http(command);
    case 'grpc':
      return grpc(command);
    case 'load':
      return load(command, text(process.stdin));
    case 'kafka-write': {
      const { writeRecords } = kafka();
      return writeRecords({ ...command, records: JSON.parse(await text(process.stdin)) });
    }
    case 'kafka-read':
      return kafka().readRecords(command);
  }
}

/** Loaded by those who ask for it: it needs the native client of the runtime image. */
function kafka(): typeof import('./kafka') {
  return require('./kafka');
}

async function http({ url, body, headers }: Extract<Command, { kind: 'http' }>): Promise<HttpAnswer> {
  const response = await fetch(url, { method: body === undefined ? 'GET' : 'POST', body, headers });
  return { status: response.status, headers: Object.fromEntries(response.headers), body: await response.text() };
}

async function grpc({ address, method, request, metadata }: Extract<Command, { kind: 'grpc' }>): Promise<Outcome> {
  const client = new GrpcClient(address);
  try {
    return await client.call(method, request, metadata, { deadline: Date.now() + 10_000 });
  } finally {
    client.close();
  }
}

void main();
