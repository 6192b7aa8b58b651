/**
 * Answers GET over HTTP: a few fixed paths, for people and programs of this
 * machine. Nothing can be changed by it. A browser that somebody has led here
 * by a name of theirs (DNS rebinding) is turned away by the name; whoever
 * connects too often, or too slowly, waits or is cut off.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP } from 'node:net';
import { reasonOf } from '../lib/errors.js';
import type { Report } from '../model/report.js';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface HttpOptions {
  /** By path. */
  readonly answers: Readonly<Record<string, () => Answer | Promise<Answer>>>;
  /** Names by which this machine may be asked, beside its addresses and localhost. */
  readonly names: readonly string[];
  readonly report: Report;
}

const CONNECTIONS = 32;
const HEADER_BYTES = 8 * 1024;
const TIMES = {
  requestTimeout: 5_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

/** The page needs a style of its own, and nothing else from anywhere. */
const HEADERS = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

export function httpServer(options: HttpOptions): Server {
  const server = createServer({ ...TIMES, maxHeaderSize: HEADER_BYTES }, (request, response) => {
    void answer(request, options).then((found) => send(request, response, found));
  });
  server.maxConnections = CONNECTIONS;
  return server;
}

async function answer(
  { method, url = '', headers }: IncomingMessage,
  { answers, names, report }: HttpOptions,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return words(405, 'only GET and HEAD are answered here');
  if (!isOurs(headers.host ?? '', names)) {
    return words(421, 'this name is not known here; ask by address, or as localhost');
  }
  const path = url.split('?', 1)[0] ?? '';
  const found = Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (found === undefined) return words(404, `nothing here; there is: ${Object.keys(answers).join(' ')}`);
  try {
    return await found();
  } catch (error) {
    report.error('An answer over HTTP failed: this is a fault of the program', {
      path,
      reason: reasonOf(error),
      remedy: 'please report it, with this line; forwarding goes on',
    });
    return words(500, 'the state cannot be gathered just now; the log says why');
  }
}

/** An address cannot be made to mean another machine, as a name can. */
function isOurs(host: string, names: readonly string[]): boolean {
  const [, literal, name = literal ?? ''] = /^(?:\[([^\]]+)\]|([^:]+))(?::\d+)?$/.exec(host) ?? [];
  return isIP(name) !== 0 || ['localhost', ...names].includes(name.toLowerCase());
}

function words(status: number, text: string): Answer {
  return { status, type: 'text/plain; charset=utf-8', body: `${text}\n` };
}

function send({ method }: IncomingMessage, response: ServerResponse, { status, type, body }: Answer): void {
  const bytes = Buffer.from(body);
  const more = status === 405 ? { Allow: 'GET, HEAD' } : {};
  response.writeHead(status, { ...HEADERS, ...more, 'Content-Type': type, 'Content-Length': bytes.length });
  response.end(method === 'HEAD' ? undefined : bytes);
}
