import { HTTP_PATHS } from '../../../contract';
import { exactObject, type JsonSchema, listOf, reference } from './json-schema';
import { jsonAnswer, type Operation, operation } from './operation';

const NAME: JsonSchema = { type: 'string' };
const NAMES = listOf(NAME);

/** The paths that name no model. */
export function serverPaths(authenticated: boolean): Record<string, object> {
  const tag = 'server';
  const get = (options: Omit<Operation, 'tag'>) => ({ get: operation({ tag, ...options }, authenticated) });
  const models = exactObject({ models: NAMES });
  return {
    '/': get({
      operationId: 'alive',
      summary: 'Whether the server answers',
      good: jsonAnswer('It does.', exactObject({ status: { const: 'alive' } })),
    }),
    [HTTP_PATHS.live]: get({
      operationId: 'server-live',
      summary: 'Whether the process is alive',
      good: jsonAnswer('It is.', exactObject({ live: { const: true } })),
      open: true,
    }),
    [HTTP_PATHS.ready]: get({
      operationId: 'server-ready',
      summary: 'Whether all models are loaded, and the server does not drain',
      good: jsonAnswer('They are.', exactObject({ ready: { const: true } })),
      others: { 503: jsonAnswer('They are not.', exactObject({ ready: { const: false } })) },
      open: true,
    }),
    '/v1/models': get({ operationId: 'v1-models', summary: 'Names of all models', good: jsonAnswer('Names.', models) }),
    '/v2': get({
      operationId: 'server-metadata',
      summary: 'The server',
      good: jsonAnswer('The server.', exactObject({ name: NAME, version: NAME, extensions: NAMES })),
    }),
    '/v2/models': get({ operationId: 'v2-models', summary: 'Names of all models', good: jsonAnswer('Names.', models) }),
    '/v2/models/stats': get({
      operationId: 'statistics',
      summary: 'What was counted of all models',
      good: jsonAnswer('Statistics.', reference('schemas', 'Statistics')),
    }),
    '/v2/repository/index': {
      post: operation(
        {
          operationId: 'repository-index',
          summary: 'Every version of every model, with its state',
          tag,
          good: jsonAnswer('All versions.', listOf(reference('schemas', 'RepositoryEntry'))),
          refusals: [413, 415],
          more: {
            requestBody: {
              content: {
                'application/json': {
                  schema: {
                    type: 'object',
                    properties: { ready: { type: 'boolean', description: 'Only versions that are ready.' } },
                  },
                },
              },
            },
          },
        },
        authenticated,
      ),
    },
  };
}
