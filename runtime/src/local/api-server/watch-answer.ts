import type { ServerResponse } from 'node:http';
import type { KubernetesObject, Resource } from '../../kubernetes-api';
import type { Failure } from './failure';
import type { Change, ObjectStore } from './store';

/** How often a watch that asks for it is told how far it is. */
const BOOKMARK_MILLIS = 10_000;

/** Longest time of one answer. */
const MAX_SECONDS = 3600;

/** Answers a watch: the changes from a version on, as they happen, until its time is over. */
export function answerWatch(
  store: ObjectStore,
  resource: Resource,
  selects: (object: KubernetesObject) => boolean,
  query: URLSearchParams,
  response: ServerResponse,
): void {
  const write = (event: object) => response.write(`${JSON.stringify(event)}\n`);
  const version = query.get('resourceVersion') ?? '';
  response.writeHead(200, { 'Content-Type': 'application/json' });
  response.flushHeaders();
  const tell = ({ type, object, ...change }: Change) => {
    if (change.resource.plural === resource.plural && selects(object)) {
      write({ type, object });
    }
  };
  try {
    if (version === '' || version === '0') {
      for (const object of store.list(resource).filter(selects)) {
        write({ type: 'ADDED', object });
      }
    } else {
      store.changesSince(Number(version)).forEach(tell);
    }
  } catch (error) {
    // The answer has begun, as that of the real API has: the failure is an event.
    response.end(`${JSON.stringify({ type: 'ERROR', object: (error as Failure).toStatus() })}\n`);
    return;
  }
  const forget = store.onChange(tell);
  const bookmark = () => write({ type: 'BOOKMARK', object: bookmarkOf(resource, store.version) });
  const bookmarks = query.get('allowWatchBookmarks') === 'true' ? setInterval(bookmark, BOOKMARK_MILLIS) : undefined;
  const seconds = Math.min(Number(query.get('timeoutSeconds')) || MAX_SECONDS, MAX_SECONDS);
  const end = setTimeout(() => response.end(), seconds * 1000);
  response.on('error', () => undefined);
  response.on('close', () => {
    forget();
    clearInterval(bookmarks);
    clearTimeout(end);
  });
}

function bookmarkOf({ kind }: Resource, version: number): object {
  return { kind, apiVersion: 'v1', metadata: { resourceVersion: String(version), creationTimestamp: null } };
}
