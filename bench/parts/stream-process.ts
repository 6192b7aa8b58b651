/** Sends a file as it is over mutual TLS, and stays until it is ended. Started by the measurement of the collector's ceiling. */
import { createReadStream, readFileSync } from 'node:fs';
import { connect } from 'node:tls';

const [file = '', port = '', caFile = '', certFile = '', keyFile = ''] = process.argv.slice(2);

const socket = connect({
  host: 'localhost',
  port: Number(port),
  ca: readFileSync(caFile),
  cert: readFileSync(certFile),
  key: readFileSync(keyFile),
});
socket.resume();
createReadStream(file, { highWaterMark: 256 * 1024 }).pipe(socket, { end: false });
