// The commands. Each takes the folder of a project, as the server's code lenses give it; without one it is the project
// around the file in front of the user.
import * as fs from 'node:fs';
import * as path from 'node:path';
import { commands, tasks, Uri, window, workspace, type Disposable, type WorkspaceFolder } from 'vscode';
import { program } from './settings';
import { COMMANDS, task, type TaskCommand } from './tasks';

export function registerCommands(): Disposable[] {
  const ofTasks = COMMANDS.map((command) =>
    commands.registerCommand(`theater.${command}`, (target?: unknown) => inProject(target, (at) => start(command, at))),
  );
  return [
    ...ofTasks,
    commands.registerCommand('theater.repl', (target?: unknown) =>
      inProject(target, openRepl),
    ),
  ];
}

async function inProject(target: unknown, then: (folder: string) => unknown): Promise<void> {
  const folder = projectOf(target);
  if (folder) await then(folder);
  else void window.showErrorMessage('Theater: there is no theater.toml here. Open a file of a project first.');
}

/** The folder of the project that is meant: the nearest one with a theater.toml. */
export function projectOf(target: unknown): string | undefined {
  const start = target instanceof Uri ? target.fsPath : typeof target === 'string' ? pathOf(target) : undefined;
  const shown = window.activeTextEditor?.document.uri;
  const first = start ?? (shown?.scheme === 'file' ? shown.fsPath : workspace.workspaceFolders?.[0]?.uri.fsPath);
  for (let folder = first; folder; folder = path.dirname(folder)) {
    if (fs.existsSync(path.join(folder, 'theater.toml'))) return folder;
    if (path.dirname(folder) === folder) return undefined;
  }
  return undefined;
}

function pathOf(text: string): string {
  return text.startsWith('file:') ? Uri.parse(text).fsPath : text;
}

async function start(command: TaskCommand, folder: string): Promise<void> {
  const scope: WorkspaceFolder = workspace.getWorkspaceFolder(Uri.file(folder)) ?? {
    uri: Uri.file(folder),
    name: path.basename(folder),
    index: 0,
  };
  await tasks.executeTask(task(scope, command, path.relative(scope.uri.fsPath, folder)));
}

function openRepl(folder: string): void {
  const name = `theater repl (${path.basename(folder)})`;
  window.createTerminal({ name, cwd: folder, shellPath: program(), shellArgs: ['repl'] }).show();
}
