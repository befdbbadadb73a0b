// Starts `theater lsp` and leaves everything else to it.
'use strict';

const { commands, window, workspace } = require('vscode');
const { LanguageClient } = require('vscode-languageclient/node');

/** @type {LanguageClient | undefined} */
let client;

/** Starts the server; says what to do if it cannot be started. */
async function start() {
  const command = workspace.getConfiguration('theater').get('path') || 'theater';
  const server = { command, args: ['lsp', '--stdio'] };
  client = new LanguageClient('theater', 'Theater', server, {
    documentSelector: [
      { scheme: 'file', pattern: '**/theater.toml' },
      { scheme: 'file', language: 'wit' },
    ],
  });
  try {
    await client.start();
  } catch (error) {
    window.showErrorMessage(
      `Theater: cannot start \`${command} lsp\`: ${error.message || error}. Install theater, or set "theater.path".`,
    );
  }
}

async function stop() {
  const stopping = client;
  client = undefined;
  // A server that never started, or that has died, cannot be stopped.
  await stopping?.stop().catch(() => {});
}

async function restart() {
  await stop();
  await start();
}

async function activate(context) {
  context.subscriptions.push(
    commands.registerCommand('theater.restartServer', restart),
    workspace.onDidChangeConfiguration((change) => {
      if (change.affectsConfiguration('theater.path')) restart();
    }),
  );
  await start();
}

module.exports = { activate, deactivate: stop };
