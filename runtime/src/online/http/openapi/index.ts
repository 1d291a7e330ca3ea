import type { AuthenticationConfig } from '../../../contract';
import type { ModelVersion, Tensor } from '../../../model';
import type { ServedModel, ServedModels } from '../../served-models';
import { openApiDocument } from './document';
import { examplesOf } from './examples';
import type { DescribedModel } from './model-paths';

/** Path of the OpenAPI document. */
export const OPENAPI_PATH = '/openapi.json';

/** The OpenAPI document of a server, made anew when its models have changed. */
export class OpenApi {
  private described: readonly (ServedModel | ModelVersion)[] = [];
  private document = '';

  constructor(
    private readonly models: ServedModels,
    private readonly authentication: AuthenticationConfig | undefined,
  ) {}

  /** The document, as JSON. */
  get text(): string {
    const versions = this.models.registry.all;
    const current = versions.map((version) => this.models.get(version) ?? version);
    if (this.document === '' || !sameItems(current, this.described)) {
      this.described = current;
      this.document = JSON.stringify(this.describe(versions));
    }
    return this.document;
  }

  private describe(versions: readonly ModelVersion[]): object {
    const { registry } = this.models;
    const described = new Map(versions.map((version) => [version, describe(version, this.models.get(version))]));
    const latest = registry.names.flatMap((name) => {
      const found = registry.find(name);
      const model = found && described.get(found);
      return model === undefined ? [] : [model];
    });
    const { apiKeys, jwt } = this.authentication ?? {};
    return openApiDocument({
      versions: [...described.values()],
      latest,
      credentials: [
        ...(apiKeys === undefined ? [] : ['apiKey' as const]),
        ...((apiKeys ?? jwt) ? ['bearer' as const] : []),
      ],
    });
  }
}

function describe({ name, version, model }: ModelVersion, served: ServedModel | undefined): DescribedModel {
  const signature = served?.signature;
  const sample = new Map<string, Tensor>(
    model?.signature.inputs.flatMap((input, index) => {
      const tensor = model.sample?.[index];
      return tensor === undefined ? [] : [[input.name, tensor] as const];
    }),
  );
  return { name, version, signature, examples: signature && examplesOf(signature, sample) };
}

function sameItems(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((item, index) => item === b[index]);
}
