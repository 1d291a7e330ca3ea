import { RUNTIME_VERSION } from '../../../contract';
import { headerComponents, refusalComponents } from './answers';
import { exactObject } from './json-schema';
import { type DescribedModel, modelPaths, modelSchemas, SHARED_MODEL_SCHEMAS } from './model-paths';
import { serverPaths } from './server-paths';
import { REPOSITORY_SCHEMAS, STATISTICS_SCHEMAS } from './shared-schemas';
import { ELEMENT_SCHEMAS } from './tensor-schema';

/** What an OpenAPI document describes. */
export interface DocumentedServer {
  /** Every version of every model. */
  readonly versions: readonly DescribedModel[];

  /** The versions that answer where none is named. */
  readonly latest: readonly DescribedModel[];

  /** Ways to send credentials; none = nobody is asked for them. */
  readonly credentials: readonly ('apiKey' | 'bearer')[];
}

const SCHEMES = {
  apiKey: { type: 'apiKey', in: 'header', name: 'x-api-key' },
  bearer: { type: 'http', scheme: 'bearer' },
};

/**
 * Describes a server in OpenAPI 3.1.
 *
 * @see https://spec.openapis.org/oas/v3.1.1.html
 */
export function openApiDocument({ versions, latest, credentials }: DocumentedServer): object {
  const authenticated = credentials.length > 0;
  const atVersion = versions.map((model) =>
    modelPaths(model, {
      id: `${model.name}--${model.version}`,
      suffix: `/versions/${encodeURIComponent(model.version)}`,
      authenticated,
    }),
  );
  const atModel = latest.map((model) => modelPaths(model, { id: model.name, suffix: '', authenticated }));
  return {
    openapi: '3.1.0',
    info: {
      title: 'model-serving',
      version: RUNTIME_VERSION,
      description: 'Predictions over V1 (KServe) and V2 (Open Inference Protocol).',
    },
    ...(authenticated ? { security: credentials.map((way) => ({ [way]: [] })) } : {}),
    tags: [{ name: 'server' }, ...latest.map(({ name }) => ({ name }))],
    paths: Object.assign({}, serverPaths(authenticated), ...atModel, ...atVersion),
    components: {
      schemas: Object.assign(
        { Error: exactObject({ error: { type: 'string' } }), ...ELEMENT_SCHEMAS, ...SHARED_MODEL_SCHEMAS },
        REPOSITORY_SCHEMAS,
        STATISTICS_SCHEMAS,
        ...versions.map(modelSchemas),
      ),
      responses: refusalComponents(),
      headers: headerComponents,
      ...(authenticated ? { securitySchemes: Object.fromEntries(credentials.map((way) => [way, SCHEMES[way]])) } : {}),
    },
  };
}
