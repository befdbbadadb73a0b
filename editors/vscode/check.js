// Checks the extension without an editor: `npm ci && npm test`. With THEATER set to a program, the
// server is really started and spoken with.
'use strict';

const assert = require('node:assert');
const { spawn } = require('node:child_process');
const fs = require('node:fs');
const Module = require('node:module');
const path = require('node:path');

const here = (file) => path.join(__dirname, file);
const json = (file) => JSON.parse(fs.readFileSync(here(file), 'utf8'));
const manifest = json('package.json');

/** Everything that the manifest names is there. */
function files() {
  const { languages, grammars } = manifest.contributes;
  for (const file of [manifest.main, ...languages.map((it) => it.configuration), ...grammars.map((it) => it.path)]) {
    assert(fs.existsSync(here(file)), `${file} is missing`);
  }
  new RegExp(json('language-configuration.json').wordPattern);
  for (const grammar of grammars) {
    const read = json(grammar.path);
    assert.equal(read.scopeName, grammar.scopeName);
    patterns(read, read.repository);
  }
}

/** Every pattern can be read, and every name that is included is defined. */
function patterns(node, repository) {
  for (const [key, value] of Object.entries(node)) {
    if (['match', 'begin', 'end'].includes(key)) new RegExp(value);
    if (key === 'include') assert(repository[value.slice(1)], `${value} is not defined`);
    if (value && typeof value === 'object') patterns(value, repository);
  }
}

/** Activates the extension in an editor that only takes notes. */
async function activation() {
  const notes = { commands: {}, errors: [], started: [] };
  const vscode = {
    commands: { registerCommand: (name, run) => ((notes.commands[name] = run), { dispose() {} }) },
    window: { showErrorMessage: (text) => notes.errors.push(text) },
    workspace: {
      getConfiguration: () => ({ get: (name) => manifest.contributes.configuration.properties[`theater.${name}`].default }),
      onDidChangeConfiguration: (listener) => ((notes.configuration = listener), { dispose() {} }),
    },
  };
  let fails = false;
  class LanguageClient {
    constructor(id, name, server, options) {
      Object.assign(this, { id, name, server, options });
    }
    async start() {
      notes.started.push(this);
      if (fails) throw new Error('no such program');
    }
    async stop() {
      this.stopped = true;
      if (fails) throw new Error('not running');
    }
  }
  const load = Module._load;
  Module._load = (name, ...rest) =>
    name === 'vscode' ? vscode : name === 'vscode-languageclient/node' ? { LanguageClient } : load(name, ...rest);
  const extension = require(here(manifest.main));
  Module._load = load;

  const context = { subscriptions: [] };
  await extension.activate(context);
  assert.deepEqual(Object.keys(notes.commands), manifest.contributes.commands.map((it) => it.command));
  assert.deepEqual(notes.started[0].server, { command: 'theater', args: ['lsp', '--stdio'] });
  assert.equal(notes.started[0].id, 'theater', 'the setting theater.trace.server goes by this name');
  assert.equal(context.subscriptions.length, 2);

  await notes.commands['theater.restartServer']();
  assert(notes.started[0].stopped && notes.started.length === 2);
  fails = true;
  await notes.commands['theater.restartServer']();
  assert(notes.errors[0].includes('theater.path'), notes.errors[0]);
  await extension.deactivate();
}

/** The client's package is installed, in a version that the manifest asks for. */
function dependencies() {
  const client = require.resolve('vscode-languageclient/package.json', { paths: [__dirname] });
  const { version, engines } = JSON.parse(fs.readFileSync(client, 'utf8'));
  assert(version.startsWith('9.'), version);
  const number = (range) => range.replace('^', '').split('.').map(Number);
  const [ours, theirs] = [number(manifest.engines.vscode), number(engines.vscode)];
  assert(ours[0] === theirs[0] && ours[1] >= theirs[1], `the client needs vscode ${engines.vscode}`);
}

/** The server starts and ends as the extension does it. */
function server(program) {
  return new Promise((resolve, reject) => {
    const child = spawn(program, ['lsp', '--stdio'], { stdio: ['pipe', 'pipe', 'inherit'] });
    let text = '';
    child.stdout.on('data', (data) => (text += data));
    child.on('error', reject);
    child.on('close', (status) => {
      try {
        assert.equal(status, 0);
        assert(text.includes('"textDocumentSync"'), text);
        resolve();
      } catch (error) {
        reject(error);
      }
    });
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
  });
}

async function main() {
  files();
  dependencies();
  await activation();
  if (process.env.THEATER) await server(process.env.THEATER);
  console.log('the extension is in order');
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
