/**
 * Makes the completion for bash from the same commands and options as `--help`: commands
 * by their path, options of the command that is being typed, choices where there
 * are any, and files where a file or a directory is asked for. Needs no
 * bash-completion but for being found: it lies where that looks.
 */
import type { Command, Option } from 'commander';

export function completion(program: Command): string {
  const commands = commandsBelow(program, '');
  const options = commands.flatMap(([path, command]) =>
    [...optionsOf(command), ...(path === '' ? [] : optionsOf(program))].map((option) => ({ path, option })),
  );
  return `# bash completion for openemr-audit-forwarder: made from its own description of its commands
_openemr_audit_forwarder() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD - 1]} command= words= word
  COMPREPLY=()
  for word in "\${COMP_WORDS[@]:1:COMP_CWORD - 1}"; do
    case "\${command:+$command }$word" in
      ${names(commands)}) command="\${command:+$command }$word" ;;
    esac
  done
  case "$command $previous" in
${options
  .filter(({ option }) => option.argChoices !== undefined)
  .map(({ path, option }) => `    ${place(path, option)}) words='${option.argChoices?.join(' ')}' ;;`)
  .join('\n')}
    ${options
      .filter(({ option }) => takesFile(option))
      .map(({ path, option }) => place(path, option))
      .join(' | ')})
      mapfile -t COMPREPLY < <(compgen -f -- "$current")
      return ;;
    ${options
      .filter(({ option }) => takesOther(option))
      .map(({ path, option }) => place(path, option))
      .join(' | ')})
      return ;;
    *) case "$command" in
${commands.map(([path, command]) => `      '${path}') words='${wordsOf(command)}' ;;`).join('\n')}
    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$words" -- "$current")
  [[ $current == -* || \${#COMPREPLY[@]} -gt 0 ]] || mapfile -t COMPREPLY < <(compgen -f -- "$current")
}
complete -o filenames -F _openemr_audit_forwarder openemr-audit-forwarder
`;
}

/** Itself and all below it, by what is typed behind the program's name. */
function commandsBelow(command: Command, path: string): [path: string, command: Command][] {
  const below = command.commands.flatMap((child) => commandsBelow(child, `${path} ${child.name()}`.trim()));
  return [[path, command], ...below];
}

function names(commands: readonly [path: string, command: Command][]): string {
  return commands
    .filter(([path]) => path !== '')
    .map(([path]) => `'${path}'`)
    .join(' | ');
}

function wordsOf(command: Command): string {
  const shared = command.parent === null ? [] : ['--config'];
  return unique([...command.commands.map((child) => child.name()), ...optionsOf(command).map(flagOf), ...shared]).join(
    ' ',
  );
}

function optionsOf(command: Command): readonly Option[] {
  return command.createHelp().visibleOptions(command);
}

function flagOf({ long, short, flags }: Option): string {
  return long ?? short ?? flags;
}

/** The command that is being typed, and the word before the one to be completed. */
function place(path: string, option: Option): string {
  return `'${path} ${flagOf(option)}'`;
}

function takesFile({ flags }: Option): boolean {
  return /<(file|files|dir|path)/.test(flags);
}

function takesOther(option: Option): boolean {
  return /[<[]/.test(option.flags) && option.argChoices === undefined && !takesFile(option);
}

function unique(words: readonly string[]): string[] {
  return [...new Set(words)];
}
