/**
 * An audit log in memory that can be torn at any byte. What was appended but
 * not synced when the power goes may have holes; what was synced stays.
 */
import type { AuditLog } from '../../src/export/file/audit-file.js';

/** The process has died: nothing in it goes on. */
export class Killed extends Error {
  override readonly name = 'Killed';
}

export class Paper implements AuditLog {
  bytes = Buffer.alloc(0);
  appends = 0;
  /** The next append dies after so many bytes of it. */
  tearAfter: number | undefined;
  /** When it dies, this share of what it had written is zeros, from its beginning. */
  hole = 0;

  async open(): Promise<void> {
    if (this.bytes.length > 0 && this.bytes.at(-1) !== 0x0a)
      this.bytes = Buffer.concat([this.bytes, Buffer.from('\n')]);
  }

  async append(text: string): Promise<void> {
    this.appends += 1;
    const whole = Buffer.from(text);
    const tear = this.tearAfter;
    if (tear === undefined) {
      this.bytes = Buffer.concat([this.bytes, whole]);
      return;
    }
    this.tearAfter = undefined;
    const part = Buffer.from(whole.subarray(0, tear % (whole.length + 1)));
    part.fill(0, 0, Math.floor(part.length * this.hole));
    this.bytes = Buffer.concat([this.bytes, part]);
    throw new Killed();
  }

  async *backward(): AsyncGenerator<Buffer> {
    const lines = this.bytes.toString('latin1').split('\n');
    if (lines.at(-1) === '') lines.pop();
    for (const line of lines.reverse()) yield Buffer.from(line, 'latin1');
  }

  async close(): Promise<void> {
    // Nothing is open.
  }

  /** What can be read as JSON, in the order in which it stands there. */
  lines(): Record<string, unknown>[] {
    return this.bytes
      .toString('utf8')
      .split('\n')
      .flatMap((line) => {
        try {
          return [JSON.parse(line)];
        } catch {
          return [];
        }
      });
  }

  rows(): Record<string, unknown>[] {
    return this.lines().filter((line) => typeof line.id === 'number');
  }

  findings(): Record<string, unknown>[] {
    return this.lines().filter((line) => typeof line.id !== 'number');
  }
}
