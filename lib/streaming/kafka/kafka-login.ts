import type { SecretValue } from 'cdk8s-plus-28';
import type { KafkaSaslConfig } from '../../contract';
import { checkSecretValue, mountSecret, quote, RULES, type Violation, violation } from '../../kubernetes';
import type { PodAdditions } from '../../online';

type Mechanism = 'PLAIN' | 'SCRAM-SHA-256' | 'SCRAM-SHA-512';

/** Login to a Kafka cluster (SASL). The password is a key of a Secret, read at the start of the process. */
export class KafkaLogin {
  /**
   * User and password as they are: only over TLS.
   *
   * @param username name of the user
   * @param password password, as a key of a Secret
   */
  public static plain(username: string, password: SecretValue): KafkaLogin {
    return new KafkaLogin('PLAIN', username, password);
  }

  /**
   * User and password by SCRAM-SHA-256.
   *
   * @param username name of the user
   * @param password password, as a key of a Secret
   */
  public static scramSha256(username: string, password: SecretValue): KafkaLogin {
    return new KafkaLogin('SCRAM-SHA-256', username, password);
  }

  /**
   * User and password by SCRAM-SHA-512.
   *
   * @param username name of the user
   * @param password password, as a key of a Secret
   */
  public static scramSha512(username: string, password: SecretValue): KafkaLogin {
    return new KafkaLogin('SCRAM-SHA-512', username, password);
  }

  /** @internal */
  public readonly _mechanism: Mechanism;

  /** @internal */
  public readonly _username: string;

  /** @internal */
  public readonly _password: SecretValue;

  private constructor(mechanism: Mechanism, username: string, password: SecretValue) {
    this._mechanism = mechanism;
    this._username = username;
    this._password = password;
  }
}

/**
 * A login as the runtime reads it, and what it adds to the pod.
 *
 * @param purpose start of the names of volumes, a DNS label
 */
export function renderKafkaLogin(
  purpose: string,
  { _mechanism: mechanism, _username: username, _password: { secret, key } }: KafkaLogin,
): { config: KafkaSaslConfig; additions: PodAdditions } {
  const { directory, volume, mount } = mountSecret(`${purpose}-password`, secret, [key]);
  return {
    config: { mechanism, username, passwordPath: `${directory}/${key}` },
    additions: { volumes: [volume], mounts: [mount] },
  };
}

/** Checks a login as it is declared. */
export function checkKafkaLogin(prop: string, { _username: username, _password: password }: KafkaLogin): Violation[] {
  return [
    ...(username === ''
      ? [violation(RULES.brokerLogin, `The user of ${prop}.login is ${quote(username)}.`, "Write it as in 'anomaly'.")]
      : []),
    ...checkSecretValue(`The password of ${prop}.login`, password),
  ];
}
