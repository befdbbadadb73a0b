// The extension: a language client, and `theater`'s commands as tasks and terminals. What is right or wrong in a
// file, only the server knows.
import { commands, tasks, workspace, type ExtensionContext } from 'vscode';
import { registerCommands } from './commands';
import { Server } from './server';
import { TASK_TYPE, TheaterTasks } from './tasks';

let server: Server | undefined;

export async function activate(context: ExtensionContext): Promise<void> {
  const started = new Server();
  server = started;
  context.subscriptions.push(
    started,
    ...registerCommands(),
    commands.registerCommand('theater.restartServer', () => started.restart()),
    commands.registerCommand('theater.showOutput', () => started.showOutput()),
    tasks.registerTaskProvider(TASK_TYPE, new TheaterTasks()),
    workspace.onDidChangeConfiguration(async (change) => {
      if (change.affectsConfiguration('theater.path') || change.affectsConfiguration('theater.arguments')) {
        await started.restart();
      }
    }),
  );
  await started.start();
}

export async function deactivate(): Promise<void> {
  await server?.stop();
}
