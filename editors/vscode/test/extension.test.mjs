// The bundled extension in an editor that only takes notes. With THEATER set to a program, the server is really
// started and spoken with.
import assert from 'node:assert';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { test } from 'node:test';
import esbuild from 'esbuild';

const root = path.join(import.meta.dirname, '..');
const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));

/** What happens in the editor. */
const note = (folder) => ({ folder, commands: {}, errors: [], tasks: [], terminals: [], started: [] });

/** As much of VS Code as the extension uses. */
function editor(notes) {
  const uri = (fsPath) => Object.assign(Object.create(Uri.prototype), { scheme: 'file', fsPath });
  class Uri {
    static file = uri;
    static parse = (text) => uri(text.replace('file://', ''));
  }
  class Task {
    constructor(definition, scope, name, source, execution) {
      Object.assign(this, { definition, scope, name, source, execution });
    }
  }
  class ProcessExecution {
    constructor(process, args, options) {
      Object.assign(this, { process, args, options });
    }
  }
  const disposable = { dispose() {} };
  const scope = { uri: uri(notes.folder), name: 'shop', index: 0 };
  const properties = manifest.contributes.configuration.properties;
  return {
    Uri,
    Task,
    ProcessExecution,
    RelativePattern: class {},
    ThemeColor: class {},
    TaskGroup: { Build: 'build', Test: 'test' },
    StatusBarAlignment: { Right: 2 },
    commands: { registerCommand: (name, run) => ((notes.commands[name] = run), disposable) },
    tasks: {
      registerTaskProvider: (_, provider) => ((notes.provider = provider), disposable),
      executeTask: async (task) => notes.tasks.push(task),
    },
    window: {
      createOutputChannel: () => ({ ...disposable, show: () => (notes.shown = true) }),
      createStatusBarItem: () => (notes.status = { ...disposable, show() {} }),
      createTerminal: (options) => ({ show: () => notes.terminals.push(options) }),
      showErrorMessage: async (text) => notes.errors.push(text),
    },
    workspace: {
      workspaceFolders: [scope],
      getConfiguration: (section) => ({ get: (name) => properties[`${section}.${name}`].default }),
      findFiles: async () => ['stock/theater.toml', 'theater.toml'].map((file) => uri(path.join(notes.folder, file))),
      getWorkspaceFolder: () => scope,
      onDidChangeConfiguration: (listener) => ((notes.configured = listener), disposable),
    },
  };
}

/** The language client, as far as starting and stopping go. */
function client(notes) {
  class LanguageClient {
    constructor(id, name, server, options) {
      Object.assign(this, { id, name, server, options });
    }
    onDidChangeState(listener) {
      this.tell = (newState) => listener({ newState });
    }
    async start() {
      notes.started.push(this);
      this.tell(State.Starting);
      if (notes.fails) throw new Error('no such program');
      this.tell(State.Running);
    }
    async stop() {
      this.stopped = true;
      if (notes.fails) throw new Error('not running');
    }
  }
  const State = { Stopped: 1, Running: 2, Starting: 3 };
  return { LanguageClient, State };
}

/** Loads the extension, bundled as it is shipped but for the language client. */
async function load(notes) {
  const bundle = await esbuild.build({
    entryPoints: [path.join(root, 'src/extension.ts')],
    bundle: true,
    platform: 'node',
    format: 'cjs',
    external: ['vscode', 'vscode-languageclient'],
    write: false,
  });
  const known = { vscode: editor(notes), 'vscode-languageclient/node': client(notes) };
  const require = createRequire(import.meta.url);
  const module = { exports: {} };
  new Function('module', 'exports', 'require', bundle.outputFiles[0].text)(
    module,
    module.exports,
    (name) => known[name] ?? require(name),
  );
  return module.exports;
}

test('the server is started, restarted, and missed', async () => {
  const notes = note('/');
  const extension = await load(notes);
  await extension.activate({ subscriptions: [] });
  const [first] = notes.started;
  assert.deepEqual(first.server, { command: 'theater', args: ['lsp', '--stdio'] });
  assert.equal(first.id, 'theater', 'the setting theater.trace.server goes by this name');
  assert.match(notes.status.text, /\$\(check\)/);
  await notes.configured({ affectsConfiguration: (name) => name === 'theater.path' });
  assert(first.stopped && notes.started.length === 2);
  await notes.configured({ affectsConfiguration: () => false });
  assert.equal(notes.started.length, 2);
  notes.fails = true;
  await notes.commands['theater.restartServer']();
  assert.match(notes.errors[0], /cannot start `theater lsp`: no such program.*"theater\.path"/);
  assert.match(notes.status.text, /\$\(error\)/);
  notes.commands['theater.showOutput']();
  assert(notes.shown);
  await extension.deactivate();
});

test('commands and tasks are those of the nearest project', async (t) => {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'theater-vscode-'));
  t.after(() => fs.rmSync(folder, { recursive: true }));
  fs.mkdirSync(path.join(folder, 'stock'));
  for (const file of ['theater.toml', 'stock/theater.toml']) fs.writeFileSync(path.join(folder, file), '');
  const notes = note(folder);
  const extension = await load(notes);
  await extension.activate({ subscriptions: [] });

  assert.deepEqual(Object.keys(notes.commands).sort(), manifest.contributes.commands.map((it) => it.command).sort());

  const offered = await notes.provider.provideTasks();
  assert.deepEqual(
    offered.map((task) => task.name),
    ['build', 'check', 'run', 'replay', 'build stock', 'check stock', 'run stock', 'replay stock'],
  );
  const written = { definition: { type: 'theater', command: 'check', folder: 'stock' }, scope: offered[0].scope };
  const resolved = notes.provider.resolveTask(written);
  assert.equal(resolved.definition, written.definition, 'VS Code asks for the very same object');
  assert.deepEqual(resolved.execution.args, ['check']);
  assert.equal(resolved.execution.options.cwd, path.join(folder, 'stock'));
  assert.equal(notes.provider.resolveTask({ definition: { type: 'theater', command: 'rm' }, scope: {} }), undefined);

  await notes.commands['theater.build'](path.join(folder, 'stock', 'wit'));
  assert.equal(notes.tasks[0].name, 'build stock', 'of the nearest project');
  await notes.commands['theater.replay'](`file://${folder}`);
  assert.equal(notes.tasks[1].name, 'replay');
  await notes.commands['theater.repl']();
  assert.deepEqual(notes.terminals[0].shellArgs, ['repl']);
  assert.equal(notes.terminals[0].cwd, folder);
  await notes.commands['theater.check']('/');
  assert.match(notes.errors[0], /no theater\.toml/);
  await extension.deactivate();
});

test('the server starts and ends as the extension does it', { skip: !process.env.THEATER && 'THEATER names no program' }, async () => {
  const child = spawn(process.env.THEATER, ['lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.on('data', (data) => (text += data));
  const messages = [
    { id: 1, method: 'initialize', params: { processId: null, rootUri: null, capabilities: {} } },
    { method: 'initialized', params: {} },
    { id: 2, method: 'shutdown' },
    { method: 'exit' },
  ];
  for (const message of messages) {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message });
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`);
  }
  const status = await new Promise((resolve, reject) => child.on('close', resolve).on('error', reject));
  assert.equal(status, 0);
  assert(text.includes('"textDocumentSync"'), text);
});
