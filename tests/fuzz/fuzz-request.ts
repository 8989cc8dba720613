/** A generated request. `sent` holds the bytes on the wire, and `text` the body before it was encoded. */
export interface FuzzRequest {
  readonly service: 'command' | 'query';
  readonly method: string;
  /** The path with its query, exactly as it is sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly text: string; readonly sent: Buffer };
  /** The reason why no service may accept this request. */
  readonly refusedFor?: string;
}

export function describeRequest({ service, method, path, headers, body }: FuzzRequest): string {
  return `${service}: ${method} ${path} ${JSON.stringify(headers)} ${JSON.stringify(body?.text ?? '')}`;
}
