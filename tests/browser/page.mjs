// Uses the page of a run as a person would, and fails if something is not as it should be.
//
//     node page.mjs FOLDER THEATER
//
// FOLDER has playwright-core in node_modules.
import assert from 'node:assert';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const [folder, theater] = process.argv.slice(2);
const { chromium } = createRequire(path.join(path.resolve(folder), 'node_modules/'))('playwright-core');
const shots = path.join(folder, 'shots');
const home = path.resolve(folder, 'home');

/** How long anything may take, in milliseconds: not a promise of speed, only an end. */
const PATIENCE = 30_000;

/** Texts with which an actor's message could want to become part of the page. */
const HOSTILE = [
  '</script><script>document.title = "taken"</script>',
  '<img src=x onerror="document.title = 1"> & <b>bold</b>',
  ']]> --> {{data}} ${1+1} \u202e turned \u2028 ended',
];

function run(input, ...args) {
  const env = { ...process.env, HOME: home, NO_COLOR: '1', THEATER_CACHE_DIR: path.join(home, 'cache') };
  const cwd = fs.existsSync(path.join(home, 'shop')) ? path.join(home, 'shop') : home;
  const { status, stdout, stderr } = spawnSync(theater, args, { cwd, env, input, encoding: 'utf8', maxBuffer: 1 << 28 });
  assert.equal(status, 0, `theater ${args.join(' ')}: ${stdout}${stderr}`);
  return stdout;
}

/** A run of the shop with some lines of the REPL, as a page; and its records. */
function page(name, lines) {
  run(lines.join('\n'), 'repl');
  run('', 'trace', 'export', '--format', 'html', `${name}.html`);
  const records = run('', 'trace', 'export', '--format', 'jsonl').trim().split('\n').map((line) => JSON.parse(line));
  return { address: pathToFileURL(path.join(home, 'shop', `${name}.html`)).href, records };
}

async function open(browser, address, options = {}) {
  const tab = await browser.newPage({ viewport: { width: 1280, height: 800 }, ...options });
  tab.setDefaultTimeout(PATIENCE);
  tab.wrong = [];
  tab.on('pageerror', (error) => tab.wrong.push(error.message));
  tab.on('console', (message) => message.type() === 'error' && tab.wrong.push(message.text()));
  tab.on('request', (request) => request.url().startsWith('file:') || request.url().startsWith('data:') || tab.wrong.push(`asked for ${request.url()}`));
  await tab.goto(address);
  await tab.locator('body[data-ready]').waitFor();
  return tab;
}

const heading = (tab) => tab.locator('#details h2');
async function isAt(tab, place) {
  await heading(tab).filter({ hasText: new RegExp(`^${place.replace(/[.]/g, '\\.')}$`) }).waitFor();
  assert.equal(decodeURI(new URL(tab.url()).hash), `#${place}`);
}

/** Clicks, keys, links, back and forward, in a run of some turns. */
async function walk(browser, { address, records }) {
  const tab = await open(browser, address);
  const title = await tab.title();
  const shown = records.filter((record) => record.kind !== 'open').length;
  assert.equal(await tab.locator('#count').innerText(), `${shown} events`);
  await tab.locator('#show').selectOption('all');
  assert.equal(await tab.locator('#count').innerText(), `${records.length} events`);
  await tab.locator('#show').selectOption('events');

  await tab.locator('.row', { hasText: 'place("A-1", 1)' }).first().click();
  await isAt(tab, 'shop/orders#3');
  assert.match(await tab.locator('#details').innerText(), /ok\(\{order: 2, left: 7\}\)/);
  await tab.locator('#calls a', { hasText: 'shop/inventory#3' }).click();
  await isAt(tab, 'shop/inventory#3');
  const changed = tab.locator('#state tr.changed');
  assert.deepEqual((await changed.innerText()).split(/\s+/).filter((word) => word), ['~', 'stock/A-1', '8', '7']);
  await tab.locator('#calls a.number', { hasText: '.1' }).click();
  await isAt(tab, 'shop/inventory#3.1');
  await changed.waitFor({ state: 'detached' });
  await tab.screenshot({ path: path.join(shots, 'step.png') });
  await tab.locator('#why a', { hasText: 'shop/orders#3.1' }).click();
  await isAt(tab, 'shop/orders#3.1');
  await tab.goBack();
  await isAt(tab, 'shop/inventory#3.1');
  await tab.goBack();
  await isAt(tab, 'shop/inventory#3');
  await tab.goForward();
  await isAt(tab, 'shop/inventory#3.1');

  await tab.keyboard.press('ArrowLeft');
  await isAt(tab, 'shop/orders#3.1');
  await tab.keyboard.press('ArrowRight');
  await isAt(tab, 'shop/inventory#3');
  await tab.keyboard.press(']');
  await isAt(tab, 'shop/inventory#3.1');
  await tab.keyboard.press('Shift+ArrowUp');
  await tab.keyboard.press('Shift+ArrowUp');
  await tab.keyboard.press('Shift+ArrowUp');
  await isAt(tab, 'shop/inventory#2');
  await tab.keyboard.press('m');
  await tab.keyboard.press('Home');
  await tab.locator('a', { hasText: 'shop/inventory#3' }).first().click();
  await tab.locator('#compare', { hasText: 'compared with shop/inventory#2' }).waitFor();
  await tab.keyboard.press('m');

  await tab.keyboard.press('/');
  await tab.keyboard.type('out-of-stock');
  await tab.locator('#count', { hasText: `2 of ${shown} events` }).waitFor();
  await tab.keyboard.press('Enter');
  await isAt(tab, 'shop/inventory#2');
  await tab.keyboard.press('Escape');
  await tab.locator('#count', { hasText: new RegExp(`^${shown} events$`) }).waitFor();
  await tab.keyboard.press('/');
  await tab.keyboard.type('nothing is like this');
  await tab.locator('#rows p').waitFor();
  await tab.keyboard.press('Escape');
  await tab.locator('#actor').selectOption({ label: 'shop/audit' });
  assert(!(await tab.locator('#rows').innerText()).includes('shop/orders#'));
  await tab.locator('#show').selectOption('failures');
  await tab.locator('#rows p').waitFor();
  await tab.locator('#list').focus();
  await tab.keyboard.press('Escape');
  await tab.locator('.row.failed', { hasText: 'exited: killed' }).click();
  await tab.locator('#details', { hasText: 'exited: killed (incarnation 1)' }).waitFor();
  await tab.keyboard.press('?');
  await tab.locator('dialog[open]').waitFor();
  await tab.keyboard.press('Escape');
  await tab.locator('dialog[open]').waitFor({ state: 'detached' });

  // What actors were told is text, whatever it looks like.
  for (const text of HOSTILE) {
    await tab.keyboard.press('Home');
    await tab.keyboard.press('/');
    await tab.locator('#search').fill(text.split(' ')[0]);
    await tab.keyboard.press('Enter');
    await tab.locator('#details pre', { hasText: text.split(' ')[0] }).first().waitFor();
    await tab.keyboard.press('Escape');
  }
  assert.equal(await tab.locator('#rows img, #rows b b, #details img, #details script').count(), 0);
  assert.equal(await tab.title(), title);

  // Every event has a link, and each link leads to its event.
  for (const record of records) {
    const place = record.kind === 'turn' ? `${record.actor}#${record.turn}` : `@${record.position}`;
    await tab.evaluate((place) => { location.hash = `#${place}`; }, place);
    await tab.waitForFunction((place) => decodeURI(document.querySelector('#details h2 a').hash) === `#${place}`, place);
  }
  assert.deepEqual(tab.wrong, []);
  await tab.close();

  const linked = await open(browser, `${address}#shop/audit#1`, { colorScheme: 'dark' });
  await isAt(linked, 'shop/audit#1');
  const [red] = /\d+/.exec(await linked.evaluate(() => getComputedStyle(document.body).backgroundColor));
  assert(Number(red) < 64, 'dark where the system is');
  await linked.screenshot({ path: path.join(shots, 'dark.png') });
  assert.deepEqual(linked.wrong, []);
  await linked.close();
}

/** A long run stays usable: only what is visible is drawn. */
async function long(browser, { address, records }) {
  const tab = await open(browser, address);
  assert(records.length >= 50_000, `${records.length} records`);
  await tab.locator('#show').selectOption('all');
  await tab.locator('#count', { hasText: `${records.length.toLocaleString('en')} events` }).waitFor();
  await tab.locator('#list').focus();
  await tab.keyboard.press('End');
  await tab.locator('.row.selected', { hasText: 'closed' }).waitFor();
  assert(await tab.locator('.row').count() < 100);
  const middle = await tab.locator('#scrubber').boundingBox();
  await tab.mouse.click(middle.x + middle.width / 2, middle.y + middle.height / 2);
  await tab.locator('.row.selected').waitFor();
  const position = Number((/\brecord\s+([\d,]+)/.exec(await tab.locator('#details').innerText()))[1].replaceAll(',', ''));
  assert(Math.abs(position - records.length / 2) < records.length / 100, `record ${position} in the middle`);
  await tab.mouse.move(300, 400);
  await tab.mouse.wheel(0, -200_000);
  await tab.waitForFunction((position) => !document.querySelector(`#row${position}`), position);
  assert(await tab.locator('.row').count() > 10);
  await tab.keyboard.press('/');
  await tab.keyboard.type('#9000 place');
  await tab.locator('#count', { hasText: '1 of' }).waitFor();
  await tab.keyboard.press('Enter');
  await isAt(tab, 'shop/orders#9000');
  await tab.keyboard.press('Escape');
  await tab.screenshot({ path: path.join(shots, 'long.png') });
  assert.deepEqual(tab.wrong, []);
  await tab.close();
}

fs.rmSync(home, { recursive: true, force: true });
fs.mkdirSync(home, { recursive: true });
fs.mkdirSync(shots, { recursive: true });
run('', 'new', 'shop', '--template', 'app', '--language', 'wat', '--vcs', 'none');
run('', 'build');
const told = HOSTILE.map((text) => `send shop/audit ${text}`);
const short = page('short', ['shop/orders.place("A-1", 2)', 'shop/orders.place("A-1", 9)', 'kill shop/inventory', 'shop/orders.place("A-1", 1)', ...told]);
const many = page('long', Array.from({ length: 17_000 }, () => 'shop/orders.place("A-1", 1)'));
const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
try {
  await walk(browser, short);
  await long(browser, many);
  console.log('the page of a run works');
} finally {
  await browser.close();
}
