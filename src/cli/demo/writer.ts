/**
 * Writes audit entries to a log file as `export` does: one JSON line a row of
 * OpenEMR's log table, a whole line an append. The rows are invented and name
 * nobody: users by their role, patients by a number.
 */
import { type FileHandle, open } from 'node:fs/promises';
import type { Clock } from '../../lib/clock.js';

interface Row {
  readonly event: string;
  readonly category: string;
  readonly user: string;
  readonly patient: number | null;
  readonly success: 0 | 1;
  readonly comments: string;
}

/** A morning in a small practice, over and over. */
const DAY: readonly Row[] = [
  {
    event: 'login',
    category: 'login',
    user: 'reception',
    patient: null,
    success: 0,
    comments: 'failure: 192.0.2.31. user password incorrect',
  },
  { event: 'login', category: 'login', user: 'reception', patient: null, success: 1, comments: 'success: 192.0.2.31' },
  { event: 'view', category: 'view', user: 'reception', patient: 17, success: 1, comments: '' },
  {
    event: 'patient-record-select',
    category: 'Patient Demographics',
    user: 'reception',
    patient: 17,
    success: 1,
    comments: "select * from patient_data where pid=? ('17')",
  },
  {
    event: 'scheduling-insert',
    category: 'Scheduling',
    user: 'reception',
    patient: 0,
    success: 1,
    comments: 'INSERT INTO openemr_postcalendar_events SET …',
  },
  {
    event: 'patient-record-insert',
    category: 'Billing',
    user: 'physician',
    patient: 17,
    success: 1,
    comments: 'INSERT INTO form_encounter SET …',
  },
  {
    event: 'order-insert',
    category: 'Medication',
    user: 'physician',
    patient: 0,
    success: 1,
    comments: 'INSERT INTO prescriptions SET …',
  },
  {
    event: 'lab-results-update',
    category: 'Lab Result',
    user: 'laboratory',
    patient: 0,
    success: 1,
    comments: 'UPDATE procedure_result SET …',
  },
  {
    event: 'security-administration-update',
    category: 'security-administration-update',
    user: 'admin',
    patient: null,
    success: 1,
    comments: 'Added nurse to following access group(s): Clinicians',
  },
  { event: 'logout', category: 'logout', user: 'reception', patient: null, success: 1, comments: 'success' },
];

export class Writer {
  written = 0;

  private constructor(
    private readonly file: FileHandle,
    private readonly clock: Clock,
  ) {}

  static async open(path: string, clock: Clock): Promise<Writer> {
    return new Writer(await open(path, 'a', 0o640), clock);
  }

  /** `perSecond` lines until `stop`. */
  async run(perSecond: number, stop: AbortSignal): Promise<void> {
    const startedAtMs = this.clock.monotonicMs();
    while (!stop.aborted) {
      const due = Math.floor(((this.clock.monotonicMs() - startedAtMs) / 1000) * perSecond) + 1;
      if (this.written < due) await this.#append(due - this.written);
      await this.clock.sleep(Math.min(1000 / perSecond, 100), stop);
    }
    await this.file.close();
  }

  async #append(count: number): Promise<void> {
    let lines = '';
    for (let more = 0; more < count; more += 1) lines += this.#line(this.written + more + 1);
    await this.file.appendFile(lines);
    this.written += count;
  }

  #line(id: number): string {
    const row = DAY[(id - 1) % DAY.length]!;
    const { event, category, user, patient, success, comments } = row;
    return `${JSON.stringify({
      id,
      date: wallTime(this.clock.nowMs()),
      event,
      category,
      user,
      groupname: 'Default',
      comments: Buffer.from(comments).toString('base64'),
      user_notes: '',
      patient_id: patient,
      success,
      crt_user: '',
      log_from: 'open-emr',
      menu_item_id: null,
      ccda_doc_id: null,
      encrypt: 'No',
      version: 4,
      checksum: '',
      checksum_api: '',
      api: null,
      site: 'demo',
      generation: 1,
      exported_at: new Date(this.clock.nowMs()).toISOString(),
    })}\n`;
  }
}

/** OpenEMR stores local time without a zone; the demo's clinic keeps UTC. */
function wallTime(nowMs: number): string {
  return new Date(nowMs).toISOString().slice(0, 19).replace('T', ' ');
}
