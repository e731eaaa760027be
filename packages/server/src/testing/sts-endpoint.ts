import type { IncomingMessage, ServerResponse } from 'node:http';
import { HttpEndpoint } from './http-endpoint.ts';

/** What STS was asked for, by the names of its parameters. */
export type StsRequest = Record<string, string>;

/**
 * An STS that keeps what it was asked for and gives keys that tell their number. It speaks the protocol of AWS as far as
 * roles go, so that what is sent to it is what AWS would be sent.
 */
export class StsEndpoint extends HttpEndpoint {
  readonly asked: StsRequest[] = [];
  /** How many seconds the keys live that are given next, from `now_ms` on; null for as long as was asked for. */
  seconds: number | null = null;
  now_ms: () => number = Date.now;
  /** The error that is answered instead of keys. */
  refusal: string | null = null;

  protected async answer(request: IncomingMessage, sent: Buffer, response: ServerResponse): Promise<void> {
    const asked = Object.fromEntries(new URLSearchParams(sent.toString()));
    this.asked.push({ ...asked, authorization: request.headers.authorization ?? '' });
    const [status, body] = this.refusal === null ? [200, this.#grant(asked)] : [403, refuse(this.refusal)];
    response.writeHead(status, { 'content-type': 'text/xml' }).end(body);
  }

  #grant(asked: StsRequest): string {
    const seconds = this.seconds ?? Number(asked.DurationSeconds);
    const end = new Date(this.now_ms() + seconds * 1_000).toISOString();
    const keys =
      `<AccessKeyId>key-${this.asked.length}</AccessKeyId><SecretAccessKey>secret-${this.asked.length}</SecretAccessKey>` +
      `<SessionToken>token-${this.asked.length}</SessionToken><Expiration>${end}</Expiration>`;
    return (
      '<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><AssumeRoleResult>' +
      `<Credentials>${keys}</Credentials></AssumeRoleResult></AssumeRoleResponse>`
    );
  }
}

function refuse(code: string): string {
  return (
    '<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender</Type>' +
    `<Code>${code}</Code><Message>User: arn:aws:sts::210987654321:assumed-role/server/me is not authorized</Message></Error><RequestId>1</RequestId></ErrorResponse>`
  );
}
