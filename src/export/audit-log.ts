/** Where the lines of one trail go, and the only memory of what has been exported. */

export interface AuditLog {
  /** Makes it ready: a last line that was torn is ended, so that what follows begins a line. */
  open(): Promise<void>;
  /**
   * Resolves when all of it is on disk. Throws AgentError: `export-full` (nothing
   * was written), `export-write-failed` (some of it may have been: open again),
   * `export-sync-failed` (it may vanish: append it again, it goes into a new file).
   * `text` is whole lines.
   */
  append(text: string): Promise<void>;
  /** Lines without their newlines, the last one first, through rotated files too. */
  backward(): AsyncIterable<Buffer>;
  close(): Promise<void>;
}
