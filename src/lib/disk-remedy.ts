/** Says what to do about a disk that refuses something, by the system's error code, and makes a problem of it. */
import { reasonOf, systemCode } from './errors.js';
import type { Problem } from './problems.js';

/** The problem that `error`, of the operating system, stands for. */
export function diskProblem(error: unknown, problem: Pick<Problem, 'key' | 'message' | 'facts' | 'over'>): Problem {
  const code = systemCode(error);
  const facts = { ...problem.facts, code, reason: reasonOf(error) };
  return { ...problem, level: 'error', facts, remedy: diskRemedy(code) };
}

export function diskRemedy(code: string, otherwise = 'see to the disk'): string {
  switch (code) {
    case 'ENOSPC':
      return 'free space on this volume (df), or inodes where it has none left (df -i)';
    case 'EDQUOT':
      return 'the quota of the user that runs this is used up on this volume: free space there, or raise it';
    case 'EROFS':
      return 'see in the kernel log why the volume is read-only; stop the agent, check the file system, mount it again';
    case 'EACCES':
    case 'EPERM':
      return 'give the directory and what is in it back to the user that the agent runs as';
    case 'ENOENT':
    case 'ENOTDIR':
      return 'put the directory back, or mount its volume; for a new journal restart the agent';
    case 'EMFILE':
    case 'ENFILE':
      return 'raise the number of open files that is allowed (LimitNOFILE= in the unit)';
    default:
      return otherwise;
  }
}
