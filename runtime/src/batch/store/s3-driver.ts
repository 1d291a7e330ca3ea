import type { Readable } from 'node:stream';
import {
  DeleteObjectCommand,
  GetObjectCommand,
  HeadObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  type S3Client,
} from '@aws-sdk/client-s3';
import { FetchError, storeAccess } from '../../fetch';
import { contentBody, contentBytes, contentDigests, requireOneRequest } from './content';
import type { OpenRequest, Page, PageRequest, StoreDriver } from './driver';
import { ObjectChangedError, UnfitStoreError } from './error';
import { type Location, parseLocation } from './location';
import type { Content, ObjectInfo } from './object-store';
import type { StoreAccess } from './open-store';
import { ifPresent } from './present';

/**
 * Amazon S3 and servers that speak its protocol. A new object is a PutObject with `If-None-Match: *`.
 *
 * Source: https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html
 */
export async function s3Driver(uri: string, access: StoreAccess): Promise<StoreDriver> {
  const { connectS3 } = storeAccess.s3();
  return new S3Driver(await connectS3(access, true), parseLocation(uri));
}

class S3Driver implements StoreDriver {
  constructor(
    private readonly client: S3Client,
    private readonly location: Location,
  ) {}

  get uri(): string {
    return this.location.uri;
  }

  page({ prefix, shallow, after }: PageRequest, signal: AbortSignal): Promise<Page> {
    return this.asking(prefix, async () => {
      const { container: Bucket, prefix: start } = this.location;
      const output = await this.client.send(
        new ListObjectsV2Command({
          Bucket,
          Prefix: start + prefix,
          ContinuationToken: after,
          ...(shallow ? { Delimiter: '/' } : {}),
        }),
        { abortSignal: signal },
      );
      return {
        objects: (output.Contents ?? []).map(({ Key = '', Size = 0, ETag = '' }) =>
          this.info(Key.slice(start.length), Size, ETag),
        ),
        folders: (output.CommonPrefixes ?? []).map(({ Prefix = '' }) => Prefix.slice(start.length)),
        next: output.IsTruncated === true ? output.NextContinuationToken : undefined,
      };
    });
  }

  head(key: string, signal: AbortSignal): Promise<ObjectInfo | undefined> {
    return this.askingIfPresent(key, async () => {
      const output = await this.client.send(new HeadObjectCommand(this.at(key)), { abortSignal: signal });
      return this.info(key, output.ContentLength ?? 0, output.ETag ?? '');
    });
  }

  open(key: string, { from, to, etag }: OpenRequest, signal: AbortSignal): Promise<Readable | undefined> {
    return this.askingIfPresent(key, async () => {
      const output = await this.client.send(
        new GetObjectCommand({ ...this.at(key), Range: `bytes=${from}-${to - 1}`, IfMatch: etag }),
        { abortSignal: signal },
      );
      // On Node the body is always a stream of Node's; the type also covers browsers.
      return output.Body as Readable;
    });
  }

  write(key: string, content: Content, onlyNew: boolean, signal: AbortSignal): Promise<boolean> {
    return this.asking(key, async () => {
      requireOneRequest(content, this.uriOf(key));
      try {
        await this.client.send(
          new PutObjectCommand({
            ...this.at(key),
            Body: contentBody(content),
            ContentLength: contentBytes(content),
            ChecksumSHA256: contentDigests(content).sha256,
            ...(onlyNew ? { IfNoneMatch: '*' } : {}),
          }),
          { abortSignal: signal },
        );
        return true;
      } catch (error) {
        switch (onlyNew ? statusOf(error) : undefined) {
          case 412:
            return false;
          case 409:
            throw FetchError.transient(`${this.uriOf(key)}: another process writes it at this moment.`, error);
          case 501:
            throw new UnfitStoreError(`${this.uri}: this server has no conditional writes (If-None-Match).`, {
              cause: error,
            });
          default:
            throw error;
        }
      }
    });
  }

  delete(key: string, signal: AbortSignal): Promise<void> {
    return this.asking(key, async () => {
      await this.client.send(new DeleteObjectCommand(this.at(key)), { abortSignal: signal });
    });
  }

  close(): void {
    this.client.destroy();
  }

  private askingIfPresent<T>(key: string, ask: () => Promise<T>): Promise<T | undefined> {
    return this.asking(key, () => ifPresent(this.uriOf(key), statusOf, ask));
  }

  private async asking<T>(key: string, ask: () => Promise<T>): Promise<T> {
    try {
      return await ask();
    } catch (error) {
      if (error instanceof ObjectChangedError || error instanceof UnfitStoreError) {
        throw error;
      }
      throw storeAccess.s3().s3Fault(error, this.uriOf(key));
    }
  }

  private at(key: string): { Bucket: string; Key: string } {
    return { Bucket: this.location.container, Key: this.location.prefix + key };
  }

  private info(key: string, bytes: number, etag: string): ObjectInfo {
    return { key, uri: this.uriOf(key), bytes, etag };
  }

  private uriOf(key: string): string {
    return `${this.uri}/${key}`;
  }
}

const statusOf = (error: unknown) => storeAccess.s3().s3Status(error);
