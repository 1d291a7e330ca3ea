import type { SecretValue } from 'cdk8s-plus-28';

/** Options of {@link Notification.webhook}. */
export interface WebhookNotificationOptions {
  /**
   * Value of the header `Authorization`, as a key of a Secret.
   *
   * @default - none
   */
  readonly authorization?: SecretValue;
}

/** Who is told of what a rollout decides: that it starts, goes on, pauses, promotes, turns back, and why. */
export class Notification {
  /**
   * A web server that takes a structured CloudEvent by POST. A rollout never waits for it.
   *
   * @param url its address: `https://`, or `http://` inside the cluster; the network policy lets the controller connect to it
   * @param options authorization
   */
  public static webhook(url: string, options: WebhookNotificationOptions = {}): Notification {
    return new Notification(url, options.authorization);
  }

  /** @internal */
  public readonly _url: string;

  /** @internal */
  public readonly _authorization: SecretValue | undefined;

  private constructor(url: string, authorization?: SecretValue) {
    this._url = url;
    this._authorization = authorization;
  }
}
