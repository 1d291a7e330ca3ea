import { DEFAULT_IMAGE, DEFAULT_PROXY_IMAGE } from '../contract';
import { RULES } from './rules';
import { quote, type Violation, violation } from './violation';

const REFERENCE = new RegExp(
  [
    '^',
    '(?:[a-zA-Z0-9][a-zA-Z0-9.-]*(?::[0-9]+)?/|\\[[0-9a-fA-F:]+\\](?::[0-9]+)?/)?', // registry
    '[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*(?:/[a-z0-9]+(?:(?:\\.|_{1,2}|-+)[a-z0-9]+)*)*', // repository
    '(?::(?<tag>[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}))?',
    '(?:@(?<digest>sha256:[0-9a-f]{64}))?',
    '$',
  ].join(''),
);

const MAX_LENGTH = 4096;

/** Images whose tag is published once, by a release, and never moved. */
const RELEASED: unknown[] = [DEFAULT_IMAGE, DEFAULT_PROXY_IMAGE];

/**
 * Checks the reference of an image.
 *
 * @param what where the image is named, for the message
 * @see https://github.com/distribution/reference
 */
export function checkImage(what: string, image: string): Violation[] {
  if (RELEASED.includes(image)) {
    return [];
  }
  const parts = partsOf(image);
  if (parts === undefined) {
    return [
      violation(
        RULES.imageForm,
        `${what} is ${quote(image)}.`,
        "Write it as in 'registry.example.com/team/model-serving@sha256:…'.",
      ),
    ];
  }
  if (parts.digest !== undefined) {
    return [];
  }
  const { tag } = parts;
  return tag === undefined || tag === 'latest'
    ? [
        violation(
          RULES.imageLatest,
          `${what} is ${quote(image)}.`,
          `Add a digest: ${quote(`${bare(image)}@sha256:…`)}.`,
        ),
      ]
    : [
        violation(
          RULES.imageTag,
          `${what} is ${quote(image)}, a tag.`,
          `Add the digest that the registry shows: ${quote(`${image}@sha256:…`)}.`,
        ),
      ];
}

/** Whether an image reference can only ever name one image: by its digest, or by the tag that is published once. */
export function isFixedImage(image: unknown): boolean {
  return RELEASED.includes(image) || partsOf(String(image))?.digest !== undefined;
}

/** Tag and digest of an image reference; `undefined` when it is none. */
function partsOf(image: string): { [part: string]: string | undefined } | undefined {
  return image.length > MAX_LENGTH ? undefined : REFERENCE.exec(image)?.groups;
}

function bare(image: string): string {
  return image.replace(/:latest$/, '');
}
