// `theater build`, `check`, `run` and `replay` as tasks, for each project of the workspace.
import * as path from 'node:path';
import {
  ProcessExecution,
  RelativePattern,
  Task,
  TaskGroup,
  workspace,
  type TaskDefinition,
  type TaskProvider,
  type WorkspaceFolder,
} from 'vscode';
import { program } from './settings';

export const TASK_TYPE = 'theater';

/** What a task can ask of `theater`. */
export const COMMANDS = ['build', 'check', 'run', 'replay'] as const;
export type TaskCommand = (typeof COMMANDS)[number];

interface Definition extends TaskDefinition {
  command: TaskCommand;
  folder?: string;
}

/** A workspace of more projects than this offers tasks for the first ones only. */
const MOST_PROJECTS = 100;

export class TheaterTasks implements TaskProvider {
  async provideTasks(): Promise<Task[]> {
    const found = (workspace.workspaceFolders ?? []).map(async (folder) => {
      const projects = await projectsOf(folder);
      return projects.flatMap((project) => COMMANDS.map((command) => task(folder, command, project)));
    });
    return (await Promise.all(found)).flat();
  }

  resolveTask(asked: Task): Task | undefined {
    const { command, folder } = asked.definition as Definition;
    if (!COMMANDS.includes(command) || typeof asked.scope !== 'object') return undefined;
    return task(asked.scope, command, folder ?? '', asked.definition as Definition);
  }
}

/** The task with which a command of the extension does its work. */
export function task(scope: WorkspaceFolder, command: TaskCommand, project: string, asked?: Definition): Task {
  const definition: Definition = asked ?? { type: TASK_TYPE, command, ...(project && { folder: project }) };
  const name = project ? `${command} ${project}` : command;
  const cwd = path.join(scope.uri.fsPath, project);
  const made = new Task(definition, scope, name, TASK_TYPE, new ProcessExecution(program(), [command], { cwd }), []);
  if (command === 'build') made.group = TaskGroup.Build;
  if (command === 'check') made.group = TaskGroup.Test;
  made.isBackground = command === 'run';
  return made;
}

/** The folders of the projects in a workspace folder, from there; the outermost first. */
async function projectsOf(folder: WorkspaceFolder): Promise<string[]> {
  const pattern = new RelativePattern(folder, '**/theater.toml');
  const hidden = '**/{node_modules,target,build,.theater}/**';
  const manifests = await workspace.findFiles(pattern, hidden, MOST_PROJECTS);
  const projects = manifests.map((uri) => path.relative(folder.uri.fsPath, path.dirname(uri.fsPath)));
  return projects.sort((a, b) => a.split(path.sep).length - b.split(path.sep).length || a.localeCompare(b));
}
