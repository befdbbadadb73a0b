'use strict';
// Texts of actors get into the page as text nodes only: nothing here makes markup from text.

const ROW = 24;
const COLOURS = 8;
/** How many rows behind the visible ones are looked at for turns that began among them. */
const AHEAD = 400;
/** The most entries of a list that are drawn at once. */
const MOST = 300;
/** After so many changes of an actor's state it is kept. */
const SPACING = 1024;

const at = (id) => document.getElementById(id);
const list = at('list'), rows = at('rows'), scrubber = at('scrubber');

/** An element with attributes and children: texts, elements, or nothing. */
function element(name, attributes, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes ?? {})) {
    if (value !== undefined && value !== false) made.setAttribute(key, value === true ? '' : value);
  }
  made.append(...children.flat().filter((child) => child || child === '').map((it) => typeof it === 'string' ? harmless(it) : it));
  return made;
}

function drawn(name, attributes) {
  const made = document.createElementNS('http://www.w3.org/2000/svg', name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

/** Text in which nothing hides: signs without a shape, and those that turn the direction, by their numbers. */
function harmless(text) {
  return text.replace(/[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u206f\ufeff]/g,
    (sign) => `\\u{${sign.charCodeAt(0).toString(16)}}`);
}

// ---------------------------------------------------------------------------------------------------------- the run

const run = { actors: new Map(), events: [], turns: new Map(), began: 0 };

async function read() {
  const packed = Uint8Array.from(atob(at('data').textContent), (sign) => sign.charCodeAt(0));
  at('data').textContent = '';
  const unpacked = new Blob([packed]).stream().pipeThrough(new DecompressionStream('gzip'));
  const [head, ...lines] = (await new Response(unpacked).text()).trimEnd().split('\n');
  const { began, actors } = JSON.parse(head);
  run.began = began;
  run.actors.set(0, { id: 0, name: 'node', events: [], changing: [], kept: [] });
  for (const { id, name } of actors) run.actors.set(id, { id, name, events: [], changing: [], kept: [] });
  for (const line of lines) take(JSON.parse(line));
  // Who was caused before its cause was recorded is found only now.
  for (const event of run.events) {
    const [actor, turn, step] = event.because ?? [];
    event.parent = run.turns.get(`${actor}#${turn}`);
    event.parent?.effects.push({ step, event });
  }
}

function take(event) {
  const actor = run.actors.get(event.actor) ?? run.actors.get(0);
  Object.assign(event, { actor, effects: [], row: -1, index: run.events.length, within: actor.events.length });
  event.isTurn = event.turn !== undefined;
  event.failed ||= event.aborted !== undefined || event.kind === 'undelivered' || event.kind === 'gave-up';
  event.before = actor.changing.length;
  run.events.push(event);
  actor.events.push(event);
  if (event.isTurn) run.turns.set(`${actor.id}#${event.turn}`, event);
  if ((event.changes && !event.aborted) || event.fresh || event.missing?.includes('delta')) actor.changing.push(event);
}

const address = (event) => event.isTurn ? `${event.actor.name}#${event.turn}` : event.actor.name;

/** The fragment of an event: `#shop/orders#3`, with a step `#shop/orders#3.2`, and by its place in the log where that means another one. */
function fragment(event, step) {
  const named = event.isTurn && find(`${address(event)}`)?.event === event;
  const place = named ? encodeURI(`${event.actor.name}#${event.turn}`) : `@${event.position}`;
  return `#${place}${step ? `.${step}` : ''}`;
}

/** What a fragment without its first sign means. */
function find(text) {
  const [, name, turn, step] = /^(.*)#(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  if (name !== undefined) {
    const actors = [...run.actors.values()].filter((actor) => actor.name === name).reverse();
    const event = actors.map((actor) => run.turns.get(`${actor.id}#${turn}`)).find((it) => it);
    return event && { event, step: Number(step ?? 0) };
  }
  const [, position, part] = /^@(\d+)(?:\.(\d+))?$/.exec(text) ?? [];
  const event = run.events.find((it) => it.position === Number(position));
  return event && { event, step: Number(part ?? 0) };
}

/** All that stands in an event, for searching. */
function content(event) {
  event.content ??= [
    address(event), event.kind, event.call, event.outcome, event.text, event.origin, event.function, event.aborted,
    ...(event.calls ?? []).flat(), ...(event.changes ?? []).flat(), ...(event.failure ?? []).flat(),
  ].flat().filter((it) => it).join('\n').toLowerCase();
  return event.content;
}

function apply(state, changes) {
  for (const [key, value] of changes ?? []) value === null ? state.delete(key) : state.set(key, value);
}

/** The state of an actor after so many of its changes; null if it is unknown, because changes are not in the page. */
function stateAfter(actor, count) {
  let from = Math.min(Math.floor(count / SPACING), actor.kept.length - 1);
  let state = from >= 0 ? actor.kept[from] : new Map();
  state = state && new Map(state);
  for (let index = Math.max(from, 0) * SPACING; index < count; index += 1) {
    if (index % SPACING === 0 && actor.kept.length === index / SPACING) actor.kept.push(state && new Map(state));
    const event = actor.changing[index];
    if (event.fresh) state = new Map();
    else if (event.missing?.includes('delta')) state = null;
    else if (state) apply(state, event.changes);
  }
  return state;
}

/** The state at an event, or after a step in it. */
function stateAt(event, step) {
  const changes = event.actor.changing[event.before] === event;
  if (!step) return stateAfter(event.actor, event.before + (changes ? 1 : 0));
  const state = stateAfter(event.actor, event.before);
  if (state) apply(state, event.calls.slice(0, step).map((call) => call[2]).filter((it) => it));
  return state;
}

// --------------------------------------------------------------------------------------------------------- the list

const view = { shown: [], lanes: new Map(), width: 0, selected: null, step: 0, base: null };

function filter() {
  const words = at('search').value.toLowerCase().split(/\s+/).filter((word) => word);
  const actor = at('actor').value, kind = at('show').value;
  const wanted = {
    all: () => true,
    events: (event) => event.kind !== 'open',
    turns: (event) => event.isTurn,
    failures: (event) => event.failed,
  }[kind];
  view.shown = run.events.filter((event) => {
    const is = wanted(event) && (actor === '' || event.actor.id === Number(actor)) && words.every((word) => content(event).includes(word));
    event.row = -1;
    return is;
  });
  view.shown.forEach((event, row) => { event.row = row; });
  const all = run.events.filter((event) => kind === 'all' || event.kind !== 'open').length, count = view.shown.length;
  at('count').textContent = `${count === all ? '' : `${count.toLocaleString('en')} of `}${all.toLocaleString('en')} ${all === 1 ? 'event' : 'events'}`;
  rows.style.height = `${Math.max(count * ROW, 60)}px`;
  scrubber.max = Math.max(count - 1, 0);
  layLanes();
  draw();
  if (view.selected?.row >= 0) show(view.selected);
  mark();
}

/** Gives every actor that is seen a lane. */
function layLanes() {
  const seen = new Set(view.shown.map((event) => event.actor));
  for (const event of view.shown) if (event.parent) seen.add(event.parent.actor);
  const actors = [...run.actors.values()].filter((actor) => seen.has(actor));
  const room = Math.max(list.clientWidth * 0.44, 90);
  const each = Math.min(Math.max(room / (actors.length + 1), 12), 72);
  view.lanes = new Map(actors.map((actor, index) => [actor, (index + 1.5) * each]));
  const longest = view.shown.reduce((most, event) => Math.max(most, address(event).length), 0);
  rows.style.setProperty('--address', `${Math.min(longest * 8.5, 210)}px`);
  view.width = Math.min((actors.length + 1) * each + 6, list.clientWidth * 0.7);
  const names = at('names'), isUpright = each < 54;
  names.className = isUpright ? 'upright' : '';
  names.style.height = isUpright ? '96px' : '26px';
  const outside = isUpright && each < 16 ? [] : [[{ name: 'outside' }, each / 2]];
  names.replaceChildren(...[...outside, ...view.lanes].map(([actor, x]) => {
    const name = element('span', { title: actor.name }, actor.name.split('/').pop());
    name.style.left = `${x - (isUpright ? 9 : each / 2 - 2)}px`;
    name.style[isUpright ? 'maxHeight' : 'width'] = isUpright ? '88px' : `${each - 4}px`;
    return name;
  }));
}

const colour = (actor) => `c${actor.id % COLOURS}`;

/** Draws the rows that are visible. */
function draw() {
  const first = Math.max(Math.floor(list.scrollTop / ROW) - 4, 0);
  const last = Math.min(first + Math.ceil(list.clientHeight / ROW) + 8, view.shown.length);
  const visible = view.shown.slice(first, last);
  if (view.shown.length === 0) {
    rows.replaceChildren(element('p', {}, 'Nothing is like this. Esc takes the filters away.'));
    return;
  }
  rows.replaceChildren(...visible.map(row), lanes(first, last));
}

function row(event) {
  const classes = ['row', event.isTurn ? 'turn' : 'life', event.failed && 'failed', event === view.selected && 'selected'];
  const text = event.isTurn ? `${event.call} → ${event.outcome}` : event.text;
  const made = element('a', { class: classes.filter((it) => it).join(' '), href: fragment(event), id: `row${event.row}`, role: 'option', tabindex: -1, 'aria-selected': String(event === view.selected) },
    element('time', {}, `+${(event.time / 1e6).toFixed(3)}`), element('b', {}, address(event)), element('span', {}, text.slice(0, 400)));
  made.style.top = `${event.row * ROW}px`;
  made.style.paddingLeft = `${view.width + 6}px`;
  return made;
}

const height = (row) => (row + 0.5) * ROW;

/** Life lines, turns and messages of some rows. */
function lanes(first, last) {
  const top = first * ROW, tall = (last - first) * ROW;
  const svg = drawn('svg', { width: view.width, height: tall, viewBox: `0 ${top} ${view.width} ${tall}` });
  svg.style.top = `${top}px`;
  for (const x of view.lanes.values()) svg.append(drawn('line', { class: 'lane', x1: x, x2: x, y1: top, y2: top + tall }));
  // A turn is recorded behind those that answered its questions: it lasts from the first of them.
  for (const event of view.shown.slice(first, last + AHEAD)) {
    const asked = event.effects.map((it) => it.event.row).filter((row) => row >= 0 && row < event.row);
    const begun = asked.reduce((least, row) => Math.min(least, row), event.row);
    if (begun < last && begun < event.row) {
      const x = view.lanes.get(event.actor);
      svg.append(drawn('rect', { class: `bar ${colour(event.actor)}`, x: x - 2.5, y: height(begun) - 8, width: 5, height: (event.row - begun) * ROW + 8, opacity: 0.45 }));
    }
  }
  for (const event of view.shown.slice(first, last)) {
    if (event.isTurn) svg.append(...message(event));
    const life = event.isTurn ? '' : 'hollow';
    svg.append(drawn('circle', { class: `dot ${colour(event.actor)} ${life} ${event.failed ? 'failed' : ''}`, cx: view.lanes.get(event.actor), cy: height(event.row), r: event.isTurn ? 4.5 : 3 }));
  }
  if (view.selected?.row >= 0) svg.append(...links(view.selected));
  return svg;
}

/** The arrow of the message that a turn processed. */
function message(event) {
  const to = view.lanes.get(event.actor), y = height(event.row), kind = colour((event.parent ?? event).actor);
  const from = event.parent ? view.lanes.get(event.parent.actor) : Math.min(...view.lanes.values()) / 3;
  if (!event.parent && event.cause !== 'outside') return [];
  if (from === to) return [drawn('path', { class: `arrow ${kind}`, d: `M${to} ${y - 9} q 12 4 5 9` })];
  const side = Math.sign(to - from), end = to - side * 5;
  return [
    drawn('path', { class: `arrow ${kind}`, d: `M${from} ${y} H${end}` }),
    drawn('path', { class: `head ${kind}`, d: `M${end} ${y} l${-side * 6} -3.5 v7 z` }),
  ];
}

/** Lines from the selected event to its cause and its effects. */
function links(event) {
  const ends = [event.parent, ...event.effects.slice(0, MOST).map((it) => it.event)].filter((it) => it?.row >= 0);
  const x = view.lanes.get(event.actor), y = height(event.row);
  return ends.map((end) => {
    const [there, below] = [view.lanes.get(end.actor), height(end.row)];
    return drawn('path', { class: 'link', d: `M${x} ${y} C${x} ${(y + below) / 2} ${there} ${(y + below) / 2} ${there} ${below}` });
  });
}

/** The run at a glance: a line of dots for each actor. */
function overview() {
  const canvas = at('overview'), scale = window.devicePixelRatio || 1, style = getComputedStyle(document.documentElement);
  const [width, tall] = [canvas.clientWidth, canvas.clientHeight];
  canvas.width = width * scale;
  canvas.height = tall * scale;
  const context = canvas.getContext('2d'), order = new Map([...view.lanes.keys()].map((actor, index) => [actor, index]));
  context.scale(scale, scale);
  const each = (tall - 12) / Math.max(order.size, 1), dot = Math.max(Math.min(width / view.shown.length - 1, 8), 1.2);
  const place = (event) => [event.row / Math.max(view.shown.length - 1, 1) * (width - dot), 6 + order.get(event.actor) * each, dot, Math.max(Math.min(each - 1, 14), 1)];
  for (const isFailed of [false, true]) {
    context.fillStyle = style.getPropertyValue(isFailed ? '--bad' : '--faint');
    context.globalAlpha = isFailed ? 1 : 0.6;
    for (const event of view.shown) if (Boolean(event.failed) === isFailed) context.fillRect(...place(event));
  }
}

/** Brings an event into sight. */
function show(event) {
  const y = event.row * ROW;
  if (y < list.scrollTop + ROW) list.scrollTop = y - list.clientHeight / 3;
  else if (y > list.scrollTop + list.clientHeight - 2 * ROW) list.scrollTop = y - list.clientHeight * 2 / 3;
}

/** Sets everything that says which event is selected. */
function mark() {
  overview();
  scrubber.value = Math.max(view.selected?.row ?? 0, 0);
  scrubber.setAttribute('aria-valuetext', view.selected ? address(view.selected) : '');
  list.setAttribute('aria-activedescendant', view.selected ? `row${view.selected.row}` : '');
}

function select(event, step = 0) {
  const isNew = event !== view.selected;
  Object.assign(view, { selected: event, step: step <= (event.calls?.length ?? 0) ? step : 0 });
  if (event.row < 0) clear();
  else show(event);
  draw();
  mark();
  details(isNew);
}

/** Goes to an event without a step in the browser's history, as keys and the scrubber do. */
function go(event, step = 0) {
  if (!event) return;
  history.replaceState(null, '', fragment(event, step));
  select(event, step);
}

function clear() {
  at('search').value = at('actor').value = '';
  at('show').value = view.selected?.kind === 'open' ? 'all' : 'events';
  filter();
}

// ------------------------------------------------------------------------------------------------------ the details

const link = (event, step) => element('a', { href: fragment(event, step) }, `${address(event)}${step ? `.${step}` : ''}`);
const code = (text) => element('code', {}, text);
const section = (title, ...content) => content.flat().length ? [element('h3', {}, title), ...content.flat()] : [];
const capped = (all, make) => [
  ...all.slice(0, MOST).map(make),
  all.length > MOST && element('li', { class: 'note' }, `and ${(all.length - MOST).toLocaleString('en')} more`),
].filter((it) => it);

function details(isNew) {
  const event = view.selected, panel = at('details');
  const parts = event.isTurn ? turn(event) : [];
  const head = [element('h2', {}, link(event, view.step)), event.isTurn ? code(event.call) : element('p', {}, event.text)];
  const when = view.step ? `State after .${view.step}` : 'State';
  panel.replaceChildren(...head, ...parts, ...section(when, ...state(event)), ...section('Led to', effects(event)), ...section('Facts', facts(event)));
  if (isNew) panel.scrollTop = 0;
  panel.querySelector('li.selected')?.scrollIntoView({ block: 'nearest' });
}

function turn(event) {
  const failure = event.failure ?? [], [told, frames = [], errors = []] = failure;
  const ended = event.aborted ? [element('pre', { class: 'bad' }, told ? `${event.aborted}: ${told}` : event.aborted)]
    : (event.result ?? ['()']).map((value) => element('pre', { class: 'good' }, value));
  return [
    ...section(event.aborted ? 'Aborted' : 'Result', ended),
    ...section('In', frames.length ? element('pre', {}, frames.join('\n')) : []),
    ...section('Standard error', errors.length ? element('pre', {}, errors.join('\n')) : []),
    ...section('Not in this trace', (event.missing ?? []).length ? element('p', { class: 'note' }, event.missing.join(', ')) : []),
    ...section('Arguments', (event.arguments ?? []).map((value) => element('pre', {}, value))),
    ...section('Because of', why(event)),
    ...section('Asked and answered', calls(event)),
  ];
}

/** The chain of causes, back to what came from outside. */
function why(event) {
  const chain = element('ol', { id: 'why' });
  const seen = new Set();
  let cause = event;
  while (cause.parent && !seen.has(cause) && seen.size < MOST) {
    seen.add(cause);
    const [, , step] = cause.because;
    cause = cause.parent;
    const call = step > 0 && cause.calls?.[step - 1]?.[0];
    chain.append(element('li', {}, link(cause, step), ' ', code(call || cause.call)));
  }
  const from = { outside: 'from outside', runtime: 'from the runtime', event: 'what happened to an actor', fork: 'the fork of the run, which changed the state' }[cause.cause];
  const because = run.events.find((it) => it.position === cause.event);
  if (!cause.parent) chain.append(element('li', {}, from ?? 'a turn that is not recorded', cause.origin ? ': ' : '', cause.origin ? code(cause.origin) : '', ...(because ? [' ', link(because), ' ', because.text ?? ''] : [])));
  return [chain];
}

function calls(event) {
  const made = (event.calls ?? []).map(([asked, answered, change], index) => {
    const step = index + 1;
    const followed = event.effects.filter((effect) => effect.step === step).slice(0, MOST);
    return element('li', { class: step === view.step && 'selected' },
      element('a', { class: 'number', href: fragment(event, step) }, `.${step}`), ' ', code(asked),
      answered && element('span', { class: 'answer' }, code(answered)),
      followed.length > 0 && element('span', { class: 'answer' }, followed.flatMap((effect) => [link(effect.event), ' '])));
  });
  return made.length ? [element('ol', { id: 'calls' }, made)] : [];
}

function effects(event) {
  const made = capped(event.effects, ({ step, event: effect }) => element('li', {}, step > 0 && element('span', { class: 'note' }, `.${step} `), link(effect), ' ', code(`${effect.call} → ${effect.outcome}`)));
  return made.length ? [element('ul', { id: 'effects' }, made)] : [];
}

/** The state at the event, with what differs from the one before, or from the event that is compared with. */
function state(event) {
  if (event.actor.id === 0) return [];
  const base = view.base?.actor === event.actor ? view.base : null;
  const before = base ? stateAt(base) : stateAfter(event.actor, event.before);
  const after = stateAt(event, view.step);
  const button = element('button', { id: 'compare', type: 'button', 'aria-pressed': String(base === event) }, base ? `compared with ${address(base)}: end` : 'compare others with this');
  button.addEventListener('click', compare);
  if (!before || !after) return [element('p', { class: 'note' }, 'unknown: changes are not in this trace')];
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  const kind = (key) => !before.has(key) ? 'added' : !after.has(key) ? 'removed' : before.get(key) === after.get(key) ? '' : 'changed';
  const changed = keys.filter((key) => kind(key));
  const shown = keys.length > MOST ? changed.slice(0, MOST) : keys;
  const entry = (key) => {
    const is = kind(key);
    return element('tr', { class: is || undefined }, element('td', {}, { added: '+', removed: '−', changed: '~' }[is]), element('td', {}, code(key)), element('td', {}, difference(before.get(key), after.get(key))));
  };
  const left = keys.length - shown.length;
  return [
    button,
    keys.length === 0 && element('p', { class: 'note' }, 'empty'),
    element('table', { id: 'state' }, element('tbody', {}, shown.map(entry))),
    left > 0 && element('p', { class: 'note' }, `and ${left.toLocaleString('en')} more keys${changed.length > shown.length ? '' : ', unchanged'}`),
  ].filter((it) => it);
}

/** Two values, with the part in which they differ. */
function difference(before, after) {
  if (before === after || before === undefined || after === undefined) return code(after ?? before);
  const least = Math.min(before.length, after.length);
  let head = 0, tail = 0;
  while (head < least && before[head] === after[head]) head += 1;
  while (tail < least - head && before[before.length - 1 - tail] === after[after.length - 1 - tail]) tail += 1;
  if (least < 12) head = tail = 0;
  const [old, made] = [before.slice(head, before.length - tail), after.slice(head, after.length - tail)];
  return element('code', {}, after.slice(0, head), old && element('del', {}, old), old && made && ' ', made && element('ins', {}, made), tail ? after.slice(-tail) : '');
}

function compare() {
  view.base = view.base?.actor === view.selected.actor ? null : view.selected;
  details(false);
}

function facts(event) {
  const time = new Date(run.began + event.time / 1000).toISOString().replace('T', ' ').replace('Z', ' UTC');
  const all = {
    time, record: event.position.toLocaleString('en'), kind: event.isTurn ? undefined : event.kind, function: event.function, took: event.elapsed === undefined ? undefined : `${event.elapsed.toLocaleString('en')} µs`,
    fuel: event.fuel?.toLocaleString('en'), incarnation: event.incarnation?.toString(), instance: event.instance === undefined ? undefined : `warm, since turn ${event.instance}`,
  };
  return element('dl', {}, Object.entries(all).filter(([, value]) => value !== undefined).flatMap(([key, value]) => [element('dt', {}, key), element('dd', {}, value)]));
}

// --------------------------------------------------------------------------------------------------------- the keys

function neighbour(event, by, isSameActor) {
  if (!event) return view.shown[0];
  if (!isSameActor) return view.shown[Math.min(Math.max(event.row + by, 0), view.shown.length - 1)];
  const events = event.actor.events;
  for (let index = event.within + by; index >= 0 && index < events.length; index += by) if (events[index].row >= 0) return events[index];
  return event;
}

function key(event) {
  const { selected, step } = view, page = Math.max(Math.floor(list.clientHeight / ROW) - 2, 1);
  const end = selected?.calls?.length ?? 0;
  const keys = {
    ArrowDown: () => go(neighbour(selected, 1, event.shiftKey)),
    ArrowUp: () => go(neighbour(selected, -1, event.shiftKey)),
    PageDown: () => go(neighbour(selected, page)),
    PageUp: () => go(neighbour(selected, -page)),
    Home: () => go(view.shown[0]),
    End: () => go(view.shown.at(-1)),
    ArrowLeft: () => go(selected?.parent, selected?.because?.[2]),
    ArrowRight: () => go((selected?.effects.find((effect) => !step || effect.step === step))?.event),
    '[': () => go(selected, step > 0 ? step - 1 : end),
    ']': () => go(selected, step < end ? step + 1 : 0),
    m: () => selected && compare(),
    '/': () => at('search').focus(),
    '?': () => at('help').showModal(),
    Escape: () => clear(),
  };
  const isTyping = event.target === at('search') || event.target.tagName === 'SELECT';
  if (at('help').open || event.ctrlKey || event.metaKey || event.altKey) return;
  if (isTyping) {
    if (event.key !== 'Escape' && !(event.key === 'Enter' && event.target === at('search'))) return;
    if (event.key === 'Escape' && event.target === at('search')) at('search').value = '';
    if (event.target === at('search')) filter();
    if (event.key === 'Enter' && view.shown.length) go(view.selected?.row >= 0 ? view.selected : view.shown[0]);
    event.preventDefault();
    list.focus();
    return;
  }
  if (!Object.hasOwn(keys, event.key)) return;
  event.preventDefault();
  keys[event.key]();
}

function follow() {
  let text = location.hash.slice(1);
  try { text = decodeURI(text); } catch { /* it stays as it is, and means nothing */ }
  const found = find(text);
  if (found) select(found.event, found.step);
}

async function start() {
  try {
    await read();
  } catch (error) {
    at('count').textContent = typeof DecompressionStream === 'undefined' ? 'this browser is too old: it cannot decompress' : `the data cannot be read: ${error.message}`;
    return;
  }
  for (const actor of run.actors.values()) if (actor.events.length) at('actor').append(element('option', { value: String(actor.id) }, actor.name));
  let frame = 0, later = 0;
  list.addEventListener('scroll', () => { cancelAnimationFrame(frame); frame = requestAnimationFrame(draw); });
  at('search').addEventListener('input', () => { clearTimeout(later); later = setTimeout(filter, 80); });
  for (const id of ['actor', 'show']) at(id).addEventListener('change', filter);
  scrubber.addEventListener('input', () => go(view.shown[scrubber.valueAsNumber]));
  at('keys').addEventListener('click', () => at('help').showModal());
  document.addEventListener('keydown', key);
  window.addEventListener('hashchange', follow);
  window.addEventListener('resize', filter);
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', overview);
  filter();
  follow();
  if (!view.selected && view.shown.length) select(view.shown[0]);
  document.body.dataset.ready = 'true';
}

start();
