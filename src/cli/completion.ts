import type { Command } from 'commander';

/** The shells that a completion script can be printed for. */
export const shells = ['bash', 'zsh', 'fish'] as const;

/** A script that completes commands, their choices and their flags; made from the command line itself. */
export function completion(program: Command, shell: (typeof shells)[number]): string {
  const commands = program.commands.map((command) => ({
    name: command.name(),
    help: command.description(),
    words: [
      ...command.registeredArguments.flatMap((argument) => argument.argChoices ?? []),
      ...command.options.flatMap(({ long }) => (long ? [long] : [])),
    ],
  }));
  switch (shell) {
    case 'bash':
      return bash(commands);
    case 'zsh':
      // zsh reads bash's scripts once asked to.
      return `autoload -U +X compinit && compinit\nautoload -U +X bashcompinit && bashcompinit\n${bash(commands)}`;
    case 'fish':
      return fish(commands);
  }
}

interface Completed {
  readonly name: string;
  readonly help: string;
  readonly words: readonly string[];
}

function bash(commands: readonly Completed[]): string {
  const cases = commands.map(({ name, words }) => `    ${name}) words='${words.join(' ')}' ;;\n`).join('');
  return `_weft() {
  local words
  case "\${COMP_WORDS[1]}" in
${cases}    *) words='${commands.map(({ name }) => name).join(' ')}' ;;
  esac
  COMPREPLY=($(compgen -W "$words" -- "\${COMP_WORDS[COMP_CWORD]}"))
}
complete -o default -F _weft weft
`;
}

function fish(commands: readonly Completed[]): string {
  return commands
    .flatMap(({ name, help, words }) => [
      `complete -c weft -n __fish_use_subcommand -f -a ${name} -d '${help.replaceAll("'", "\\'")}'`,
      ...words.map((word) => `complete -c weft -n '__fish_seen_subcommand_from ${name}' ${fishWord(word)}`),
    ])
    .map((line) => `${line}\n`)
    .join('');
}

function fishWord(word: string): string {
  return word.startsWith('--') ? `-l ${word.slice(2)}` : `-f -a ${word}`;
}
