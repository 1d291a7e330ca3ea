import type { IncomingMessage } from 'node:http';
import { apiVersionOf, type KubernetesObject } from '../../kubernetes-api';
import { errorMessage } from '../../telemetry';
import { Failure } from './failure';
import type { Target } from './resources';
import type { ObjectStore } from './store';

const MAX_BODY_BYTES = 3 * 1024 * 1024;

/** Answers every request for objects but a watch, with status and body. @throws Failure */
export async function answerRequest(
  store: ObjectStore,
  { resource, name }: Target,
  query: URLSearchParams,
  request: IncomingMessage,
): Promise<[number, object]> {
  switch (`${request.method} ${name === undefined ? 'all' : 'one'}`) {
    case 'GET all': {
      const metadata = { resourceVersion: String(store.version) };
      const items = store.list(resource).filter(selectorOf(query));
      return [200, { kind: `${resource.kind}List`, apiVersion: apiVersionOf(resource), metadata, items }];
    }
    case 'POST all':
      return [201, store.create(resource, objectOf(await readBody(request)))];
    case 'GET one':
      return [200, store.get(resource, name ?? '')];
    case 'PUT one':
      return [200, store.replace(resource, named(objectOf(await readBody(request)), name))];
    case 'PATCH one':
      if (request.headers['content-type'] !== 'application/merge-patch+json') {
        throw new Failure(415, 'UnsupportedMediaType', 'only application/merge-patch+json is known here');
      }
      return [200, store.merge(resource, name ?? '', await readBody(request))];
    case 'DELETE one':
      return [200, store.delete(resource, name ?? '')];
    default:
      throw new Failure(405, 'MethodNotAllowed', `the method ${request.method} is not allowed here`);
  }
}

/** What `fieldSelector` selects: `metadata.name=NAME`, or everything. */
export function selectorOf(query: URLSearchParams): (object: KubernetesObject) => boolean {
  const selector = query.get('fieldSelector') ?? '';
  const name = /^metadata\.name==?([^,]+)$/.exec(selector)?.[1];
  if (selector !== '' && name === undefined) {
    throw new Failure(400, 'BadRequest', `field label not supported: ${selector}`);
  }
  return ({ metadata }) => name === undefined || metadata.name === name;
}

function objectOf(body: unknown): KubernetesObject {
  const { metadata } = (body ?? {}) as { metadata?: unknown };
  if (typeof metadata !== 'object' || metadata === null) {
    throw new Failure(400, 'BadRequest', 'the object has no metadata');
  }
  return body as KubernetesObject;
}

function named(object: KubernetesObject, name: string | undefined): KubernetesObject {
  if (object.metadata.name !== name) {
    throw new Failure(
      400,
      'BadRequest',
      `the name of the object (${object.metadata.name}) is not that of the URL (${name})`,
    );
  }
  return object;
}

async function readBody(request: IncomingMessage): Promise<unknown> {
  const parts: Buffer[] = [];
  let length = 0;
  for await (const part of request as AsyncIterable<Buffer>) {
    length += part.length;
    if (length > MAX_BODY_BYTES) {
      throw new Failure(413, 'RequestEntityTooLarge', `the body has more than ${MAX_BODY_BYTES} bytes`);
    }
    parts.push(part);
  }
  try {
    return JSON.parse(Buffer.concat(parts).toString('utf8'));
  } catch (error) {
    throw new Failure(400, 'BadRequest', `the body is not JSON: ${errorMessage(error)}`);
  }
}
