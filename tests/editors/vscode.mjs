// Uses the extension in code-server as a person would, and fails if something is not as it should be.
//
//     node vscode.mjs FOLDER THEATER
//
// FOLDER has code-server and playwright-core in node_modules, and the packaged extension in extension/.
import assert from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import net from 'node:net';
import path from 'node:path';

const [folder, theater] = process.argv.slice(2);
const { chromium } = createRequire(path.join(folder, 'node_modules/'))('playwright-core');
const entry = path.join(folder, 'node_modules/code-server/out/node/entry.js');
const shots = path.join(folder, 'shots');

/** How long anything may take, in milliseconds: not a promise of speed, only an end. */
const PATIENCE = 120_000;

/** A project with a misspelt handler, in a home of its own. */
function prepare() {
  const home = path.join(folder, 'home');
  fs.rmSync(home, { recursive: true, force: true });
  fs.mkdirSync(path.join(home, 'data/User'), { recursive: true });
  fs.mkdirSync(shots, { recursive: true });
  const env = { ...process.env, HOME: home, THEATER_CACHE_DIR: path.join(home, 'cache') };
  const run = (program, ...args) => {
    const { status, stdout, stderr } = spawnSync(program, args, { cwd: home, env, encoding: 'utf8' });
    assert.equal(status, 0, `${program} ${args.join(' ')}: ${stdout}${stderr}`);
  };
  run(theater, 'new', 'shop', '--language', 'wat');
  const project = path.join(home, 'shop');
  const manifest = path.join(project, 'theater.toml');
  fs.writeFileSync(manifest, fs.readFileSync(manifest, 'utf8').replace('state = true', 'stat = true'));
  const settings = {
    'theater.path': theater,
    'workbench.startupEditor': 'none',
    'security.workspace.trust.enabled': false,
    'extensions.autoCheckUpdates': false,
  };
  fs.writeFileSync(path.join(home, 'data/User/settings.json'), JSON.stringify(settings));
  const folders = ['--user-data-dir', path.join(home, 'data'), '--extensions-dir', path.join(home, 'extensions')];
  const extension = fs.readdirSync(path.join(folder, 'extension')).find((file) => file.endsWith('.vsix'));
  run(process.execPath, entry, ...folders, '--install-extension', path.join(folder, 'extension', extension));
  return { env, folders, project };
}

async function freePort() {
  const server = net.createServer().listen(0, '127.0.0.1');
  await new Promise((resolve) => server.once('listening', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Starts code-server, and answers with its address when it can be asked. */
async function serve({ env, folders, project }) {
  const port = await freePort();
  const args = ['--auth', 'none', '--bind-addr', `127.0.0.1:${port}`, '--disable-telemetry', '--disable-update-check'];
  const server = spawn(process.execPath, [entry, ...args, ...folders], { env, stdio: 'ignore', detached: true });
  const end = Date.now() + PATIENCE;
  while (Date.now() < end) {
    const there = await fetch(`http://127.0.0.1:${port}/healthz`).then((it) => it.ok, () => false);
    if (there) return { server, address: `http://127.0.0.1:${port}/?folder=${project}` };
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error('code-server does not answer');
}

async function use(page, address) {
  const shot = (name) => page.screenshot({ path: path.join(shots, `${name}.png`) });
  const command = async (name) => {
    await page.keyboard.press('F1');
    await page.locator('.quick-input-widget input').fill(`>${name}`);
    await page.locator('.quick-input-list .monaco-list-row', { hasText: name }).first().click();
  };
  const editor = page.locator('.editor-instance');
  const problems = page.locator('.markers-panel');
  const open = async (file) => {
    await page.locator('.explorer-folders-view .monaco-list-row', { hasText: file }).first().dblclick();
    await page.locator('.tab.active', { hasText: file }).waitFor();
  };

  await page.goto(address);
  await open('theater.toml');
  await command('Problems: Focus on Problems View');
  await problems.getByText('there is no handler `stat`').waitFor();
  await problems.getByText('which the manifest does not grant').first().waitFor();
  await editor.locator('.squiggly-error').first().waitFor();
  await page.locator('.statusbar', { hasText: 'Theater' }).waitFor();
  const colours = await editor.locator('.view-line [class^=mtk]').evaluateAll((all) => new Set(all.map((it) => it.className)).size);
  assert(colours > 3, `${colours} colours`);
  await shot('problems');

  // What is offered mends it in the editor, and nothing is saved.
  await editor.locator('.view-line', { hasText: 'stat = true' }).click();
  await page.keyboard.press('Home');
  await page.keyboard.press('Control+.');
  const fix = page.locator('.action-widget .monaco-list-row', { hasText: 'Write `state`' });
  await fix.waitFor();
  await shot('fix');
  // The first of them is chosen; what lies around it takes no clicks.
  await page.keyboard.press('Enter');
  await editor.locator('.view-line', { hasText: 'state = true' }).waitFor();
  await problems.getByText('there is no handler').waitFor({ state: 'detached' });
  await problems.getByText('does not grant').first().waitFor({ state: 'detached' });
  await shot('mended');

  // What can stand there is offered, with what it means.
  await editor.locator('.view-line', { hasText: 'state = true' }).click();
  await page.keyboard.press('End');
  await page.keyboard.press('Enter');
  await page.keyboard.type('cl', { delay: 50 });
  const offered = page.locator('.suggest-widget .monaco-list-row', { hasText: 'clock' });
  await offered.first().waitFor();
  await shot('completion');
  await offered.first().click();
  await editor.locator('.view-line', { hasText: 'clock = ' }).waitFor();
  await page.keyboard.press('Escape');
  await command('Delete Line');
  await editor.locator('.view-line', { hasText: 'clock' }).waitFor({ state: 'detached' });

  await editor.locator('.view-line span', { hasText: /^state$/ }).first().hover();
  await page.locator('.monaco-hover', { hasText: 'Keeps what outlives a turn' }).waitFor();
  await shot('hover');
  await page.keyboard.press('Escape');

  // From the manifest to the world that it names.
  await editor.locator('.view-line', { hasText: 'world = "actor"' }).locator('span', { hasText: /^"actor"$/ }).first().click();
  await page.keyboard.press('F12');
  await page.locator('.tab.active', { hasText: 'world.wit' }).waitFor();
  await editor.locator('.view-line', { hasText: 'world actor' }).waitFor();
  await shot('definition');
  await open('theater.toml');

  await page.keyboard.press('Control+S');
  await command('Theater: Check');
  await page.locator('.terminal-outer-container, .terminal-wrapper').first().waitFor();
  await shot('check');
}

const prepared = prepare();
const { server, address } = await serve(prepared);
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  page.setDefaultTimeout(PATIENCE);
  try {
    await use(page, address);
  } catch (error) {
    await page.screenshot({ path: path.join(shots, 'failed.png') });
    throw error;
  }
  console.log('the extension works in VS Code');
} finally {
  await browser.close();
  const ended = new Promise((resolve) => server.once('exit', resolve));
  process.kill(-server.pid);
  await ended;
}
