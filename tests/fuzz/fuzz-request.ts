/** A request as the fuzz sends it. `sent` are the bytes on the wire; `text` is what they say, before any encoding. */
export interface FuzzRequest {
  readonly service: 'command' | 'query';
  readonly method: string;
  /** With the query, as it is sent. */
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body?: { readonly text: string; readonly sent: Buffer };
  /** Why no service may accept it. */
  readonly refusedFor?: string;
}

export function shown({ service, method, path, headers, body }: FuzzRequest): string {
  return `${service}: ${method} ${path} ${JSON.stringify(headers)} ${JSON.stringify(body?.text ?? '')}`;
}
