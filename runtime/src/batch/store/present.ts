import { ObjectChangedError } from './error';

/**
 * Asks a client, which throws what a server refuses, for an object that may not be there.
 *
 * @param statusOf status that the server answered, by the error of the client
 * @returns undefined when there is no such object (404)
 * @throws ObjectChangedError when its version or its size is not the one that was asked for (412, 416)
 */
export async function ifPresent<T>(
  uri: string,
  statusOf: (error: unknown) => number | undefined,
  ask: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await ask();
  } catch (error) {
    switch (statusOf(error)) {
      case 404:
        return undefined;
      case 412:
      case 416:
        throw new ObjectChangedError(uri);
      default:
        throw error;
    }
  }
}
