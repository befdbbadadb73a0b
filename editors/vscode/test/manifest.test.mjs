// What package.json says is there, and can be read.
import assert from 'node:assert';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';

const root = path.join(import.meta.dirname, '..');
const json = (file) => JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'));
const { contributes, main, activationEvents, dependencies, engines } = json('package.json');

test('every file that is named is there', () => {
  const { languages, grammars, snippets } = contributes;
  const named = [...languages.map((it) => it.configuration), ...grammars.map((it) => it.path), ...snippets.map((it) => it.path)];
  for (const file of [main, ...named]) assert(fs.existsSync(path.join(root, file)), file);
  for (const language of languages) new RegExp(json(language.configuration).wordPattern);
});

test('every snippet has a prefix, a text and a description', () => {
  for (const { path: file } of contributes.snippets) {
    for (const [name, snippet] of Object.entries(json(file))) {
      assert(snippet.prefix && snippet.body.length > 0 && snippet.description, name);
    }
  }
});

test('the client works in the oldest editor that is asked for', () => {
  const client = json('node_modules/vscode-languageclient/package.json');
  const number = (range) => range.replace(/[^0-9.]/g, '').split('.').map(Number);
  const [ours, theirs] = [number(engines.vscode), number(client.engines.vscode)];
  assert(ours[0] === theirs[0] && ours[1] >= theirs[1], `the client needs vscode ${client.engines.vscode}`);
  assert.equal(number(client.version)[0], number(dependencies['vscode-languageclient'])[0]);
});

test('tasks are offered when they are asked for', () => {
  for (const { type } of contributes.taskDefinitions) assert(activationEvents.includes(`onTaskType:${type}`), type);
});
