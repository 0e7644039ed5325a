import { request } from 'node:http';
import { text } from 'node:stream/consumers';

/** What came back, with the body as text. */
export interface SocketResponse {
  readonly status: number;
  readonly body: string;
}

/** An HTTP request to a Unix socket; rejects when nobody listens there. */
export function requestFromSocket(
  socketPath: string,
  method: string,
  path: string,
  body?: unknown,
): Promise<SocketResponse> {
  return new Promise((resolve, reject) => {
    const headers = body === undefined ? {} : { 'content-type': 'application/json' };
    const asked = request({ socketPath, method, path, headers, agent: false }, (response) => {
      text(response).then((said) => resolve({ status: response.statusCode ?? 0, body: said }), reject);
    });
    asked.on('error', reject);
    asked.end(body === undefined ? undefined : JSON.stringify(body));
  });
}

export function getFromSocket(socketPath: string, path: string): Promise<SocketResponse> {
  return requestFromSocket(socketPath, 'GET', path);
}
