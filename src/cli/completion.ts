import type { Command, Option } from 'commander';

/** The shells that a completion script can be printed for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** A script that completes commands, flags, and what may follow both; made from the command line itself. */
export function completion(program: Command, shell: (typeof shells)[number]): string {
  const asked = program.commands.map(
    (command): Completed => ({
      name: command.name(),
      help: command.description(),
      choices: command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
      flags: [...command.options.flatMap(flagOf), help],
    }),
  );
  const all = asked.map(({ name }) => name);
  const commands = [...asked, { name: 'help', help: 'display help for a command', choices: all, flags: [] }];
  const scripts = { bash, zsh, fish };
  return scripts[shell](commands);
}

interface Completed {
  readonly name: string;
  readonly help: string;
  /** What the command's argument may be. */
  readonly choices: readonly string[];
  readonly flags: readonly Flag[];
}

interface Flag {
  /** With its dashes. */
  readonly name: string;
  readonly help: string;
  readonly takesValue: boolean;
  /** What its value may be, where that is known. */
  readonly choices: readonly string[];
}

/** What the parser adds by itself to every command, beside a command `help`. */
const help: Flag = { name: '--help', help: 'display help for the command', takesValue: false, choices: [] };

function flagOf({ long, description, required, argChoices }: Option): Flag[] {
  return long ? [{ name: long, help: description, takesValue: required, choices: argChoices ?? [] }] : [];
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, choices, flags }) => {
    const values = flags.filter((flag) => flag.takesValue);
    const named = values.filter((flag) => flag.choices.length > 0);
    const free = values.filter((flag) => flag.choices.length === 0).map((flag) => flag.name);
    return [
      `    ${name})`,
      `      words='${[...choices, ...flags.map((flag) => flag.name)].join(' ')}'`,
      '      case "$3" in',
      ...named.map((flag) => `        ${flag.name}) words='${flag.choices.join(' ')}' ;;`),
      // What may be a file is left to the shell.
      ...(free.length > 0 ? [`        ${free.join('|')}) words='' ;;`] : []),
      '      esac ;;',
    ].join('\n');
  });
  return `_weft() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases.join('\n')}
  esac
  [ "$COMP_CWORD" -gt 1 ] || words='${commands.map(({ name }) => name).join(' ')}'
  COMPREPLY=($(compgen -W "$words" -- "$2"))
}
complete -o default -F _weft weft
`;
}

function zsh(commands: readonly Completed[]): string {
  const described = (items: readonly { name: string; help?: string }[]) =>
    items.map(({ name, help }) => quoted(help === undefined ? name : `${name}:${help}`)).join(' ');
  const cases = commands.map(({ name, choices, flags }) => {
    const named = flags.filter((flag) => flag.choices.length > 0);
    return [
      `    ${name})`,
      '      case $words[CURRENT-1] in',
      ...named.map((flag) => `        ${flag.name}) compadd -- ${flag.choices.join(' ')}; return ;;`),
      ...flags
        .filter((flag) => flag.takesValue && flag.choices.length === 0)
        .map((flag) => `        ${flag.name}) _files; return ;;`),
      '      esac',
      `      flags=(${described(flags)})`,
      `      choices=(${described(choices.map((choice) => ({ name: choice })))}) ;;`,
    ].join('\n');
  });
  return `#compdef weft
_weft() {
  local -a commands flags choices
  commands=(${described(commands)})
  if (( CURRENT == 2 )); then
    _describe command commands
    return
  fi
  case $words[2] in
${cases.join('\n')}
  esac
  if [[ $PREFIX == -* ]]; then
    _describe -o flag flags
  elif (( $#choices )); then
    _describe choice choices
  else
    _files
  fi
}
(( $+functions[compdef] )) || { autoload -U compinit && compinit }
compdef _weft weft
`;
}

function fish(commands: readonly Completed[]): string {
  return commands
    .flatMap(({ name, help, choices, flags }) => {
      const seen = `complete -c weft -n '__fish_seen_subcommand_from ${name}'`;
      return [
        `complete -c weft -n __fish_use_subcommand -f -a ${name} -d ${quotedForFish(help)}`,
        ...(choices.length > 0 ? [`${seen} -f -a '${choices.join(' ')}'`] : []),
        ...flags.map((flag) => `${seen} -l ${flag.name.slice(2)}${fishValue(flag)} -d ${quotedForFish(flag.help)}`),
      ];
    })
    .map((line) => `${line}\n`)
    .join('');
}

function fishValue({ takesValue, choices }: Flag): string {
  if (!takesValue) return '';
  return choices.length > 0 ? ` -x -a '${choices.join(' ')}'` : ' -r';
}

/** POSIX: nothing is special between single quotes but the quote itself. */
function quoted(text: string): string {
  return `'${text.replaceAll("'", "'\\''")}'`;
}

function quotedForFish(text: string): string {
  return `'${text.replace(/['\\]/g, '\\$&')}'`;
}
