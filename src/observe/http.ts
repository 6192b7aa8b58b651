/**
 * Answers GET over HTTP at a few fixed paths, for people and programs on this
 * machine. Nothing can be changed through it. A browser that was led here by a
 * foreign name (DNS rebinding) is refused because of that name; clients that connect
 * too often, ask too much or read too slowly are cut off.
 */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { isIP, type Socket } from 'node:net';
import { reasonOf } from '../lib/errors.js';
import type { RaisesProblems } from '../lib/problems.js';

export interface Answer {
  readonly status: number;
  readonly type: string;
  readonly body: string;
}

export interface HttpOptions {
  /** By path. */
  readonly answers: Readonly<Record<string, () => Answer | Promise<Answer>>>;
  /** Host names that are answered, beside addresses and localhost. */
  readonly names: readonly string[];
  readonly problems: Pick<RaisesProblems, 'happened'>;
  /** How long a connection may last; default: half a minute. */
  readonly lifeMs?: number;
}

/** For one more the oldest goes: most take milliseconds, so that one is slow, or a stranger who says nothing. */
const CONNECTIONS = 32;
/** Otherwise a client that does not read the answer, or reads it octet by octet, would keep its connection for ever. */
const LIFE_MS = 30_000;
const HEADER_BYTES = 8 * 1024;
const TIMES = {
  requestTimeout: 5_000,
  headersTimeout: 5_000,
  keepAliveTimeout: 5_000,
  connectionsCheckingInterval: 1_000,
};

/** The page needs its inline style, and nothing else from anywhere. */
const HEADERS = {
  'Content-Security-Policy': "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'",
  'X-Content-Type-Options': 'nosniff',
  'Referrer-Policy': 'no-referrer',
  'Cross-Origin-Resource-Policy': 'same-origin',
  'Cache-Control': 'no-store',
};

export function httpServer(options: HttpOptions): Server {
  const { lifeMs = LIFE_MS } = options;
  const server = createServer({ ...TIMES, maxHeaderSize: HEADER_BYTES }, (request, response) => {
    void answer(request, options).then((found) => send(request, response, found));
  });
  // Who sends a hundred requests at once would have them answered at once, before he has read anything.
  server.maxRequestsPerSocket = 1;
  server.on('dropRequest', (_, socket) => socket.destroy());
  const open = new Set<Socket>();
  server.on('connection', (socket) => {
    open.add(socket);
    const over = setTimeout(() => socket.destroy(), lifeMs);
    socket.once('close', () => {
      clearTimeout(over);
      open.delete(socket);
    });
    const [oldest] = open;
    if (open.size > CONNECTIONS) oldest?.destroy();
  });
  return server;
}

async function answer(
  { method, url = '', headers }: IncomingMessage,
  { answers, names, problems }: HttpOptions,
): Promise<Answer> {
  if (method !== 'GET' && method !== 'HEAD') return words(405, 'only GET and HEAD are answered here');
  if (!isOurs(headers.host ?? '', names)) {
    return words(421, 'unknown host name; use an address or localhost');
  }
  const path = url.split('?', 1)[0] ?? '';
  const found = Object.hasOwn(answers, path) ? answers[path] : undefined;
  if (found === undefined) return words(404, `nothing here; there is: ${Object.keys(answers).join(' ')}`);
  try {
    return await found();
  } catch (error) {
    problems.happened({
      key: `http ${path}`,
      level: 'error',
      message: 'An HTTP request failed: this is a bug in the program',
      facts: { path, reason: reasonOf(error) },
      remedy: 'please report it, with this line; forwarding goes on',
    });
    return words(500, 'the state is not available; the log says why');
  }
}

/** An address cannot be made to point to another machine, as a name can. */
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
