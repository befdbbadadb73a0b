// The grammars, with the engine that VS Code has.
import assert from 'node:assert';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { test } from 'node:test';
import oniguruma from 'vscode-oniguruma';
import textmate from 'vscode-textmate';

const root = path.join(import.meta.dirname, '..');
const wasm = createRequire(import.meta.url).resolve('vscode-oniguruma/release/onig.wasm');
await oniguruma.loadWASM(fs.readFileSync(wasm).buffer);

const files = { 'source.wit': 'wit', 'source.theater-manifest': 'manifest' };
const registry = new textmate.Registry({
  onigLib: Promise.resolve({
    createOnigScanner: (patterns) => new oniguruma.OnigScanner(patterns),
    createOnigString: (text) => new oniguruma.OnigString(text),
  }),
  loadGrammar: async (scope) => {
    const file = path.join(root, 'syntaxes', `${files[scope]}.tmLanguage.json`);
    return textmate.parseRawGrammar(fs.readFileSync(file, 'utf8'), file);
  },
});

/** The innermost scope of each piece of a text that has one of its own, without the language's name. */
async function scopes(scope, text) {
  const grammar = await registry.loadGrammar(scope);
  let stack = textmate.INITIAL;
  const found = [];
  for (const line of text.split('\n')) {
    const { tokens, ruleStack } = grammar.tokenizeLine(line, stack);
    stack = ruleStack;
    // What begins and ends a string has tokens of its own, with the string's scope.
    const pieces = [];
    for (const { startIndex, endIndex, scopes } of tokens) {
      const last = pieces.at(-1);
      if (last?.scope === scopes.at(-1)) last.text += line.slice(startIndex, endIndex);
      else pieces.push({ text: line.slice(startIndex, endIndex), scope: scopes.at(-1), own: scopes.length > 1 });
    }
    for (const { text, scope, own } of pieces) {
      if (own && text.trim()) found.push(`${text.trim()}: ${scope.replace(/\.(wit|theater-manifest)$/, '')}`);
    }
  }
  return found;
}

test('WIT', async () => {
  const text = `/// Doc
package shop:stock@0.1.0;
world actor {
  import theater:host/state@0.1.0; // why
  @since(version = 0.1.0)
  export place: async func(%list: list<u8>) -> u64; /* a /* b */ c */
}
record sku-list { use-count: u32 }`;
  assert.deepEqual(await scopes('source.wit', text), [
    '/// Doc: comment.line.documentation',
    'package: keyword.control',
    '@0.1.0: constant.numeric.version',
    'world: storage.type',
    'actor: entity.name.type',
    'import: keyword.control',
    '@0.1.0: constant.numeric.version',
    '// why: comment.line.double-slash',
    '@since: storage.modifier',
    'export: keyword.control',
    'place: entity.name.function',
    'async func: storage.type.function',
    '%list: variable.other.escaped',
    'list: support.type',
    'u8: support.type',
    '->: keyword.operator.arrow',
    'u64: support.type',
    '/* a /* b */ c */: comment.block',
    'record: storage.type',
    'sku-list: entity.name.type',
    'u32: support.type',
  ]);
});

test('the manifest', async () => {
  const text = `[actor] # one
name = "a\\"#b" # two
"shop:x/y" = 'c'
[[children]]
fuel = 1_000
log = true
state = { max-size = "1MiB" }
text = """
# no comment
"""
ok = false`;
  assert.deepEqual(await scopes('source.theater-manifest', text), [
    '[: punctuation.definition.table',
    'actor: entity.name.section',
    ']: punctuation.definition.table',
    '# one: comment.line.number-sign',
    'name: variable.other.key',
    '=: keyword.operator.assignment',
    '"a: string.quoted.double',
    '\\": constant.character.escape',
    '#b": string.quoted.double',
    '# two: comment.line.number-sign',
    '"shop:x/y": variable.other.key',
    '=: keyword.operator.assignment',
    "'c': string.quoted.single",
    '[[: punctuation.definition.table',
    'children: entity.name.section',
    ']]: punctuation.definition.table',
    'fuel: variable.other.key',
    '=: keyword.operator.assignment',
    '1_000: constant.numeric',
    'log: variable.other.key',
    '=: keyword.operator.assignment',
    'true: constant.language.boolean',
    'state: variable.other.key',
    '=: keyword.operator.assignment',
    'max-size: variable.other.key',
    '=: keyword.operator.assignment',
    '"1MiB": string.quoted.double',
    'text: variable.other.key',
    '=: keyword.operator.assignment',
    '""": string.quoted.triple.double',
    '# no comment: string.quoted.triple.double',
    '""": string.quoted.triple.double',
    'ok: variable.other.key',
    '=: keyword.operator.assignment',
    'false: constant.language.boolean',
  ]);
});
