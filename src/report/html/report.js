"use strict";
(() => {
const data = JSON.parse(document.getElementById("data").textContent);
const byId = (id) => document.getElementById(id);
const make = (tag, properties, ...children) => {
  const element = Object.assign(document.createElement(tag), properties || {});
  element.append(...children);
  return element;
};
const makeSvg = (tag, attributes) => {
  const element = document.createElementNS("http://www.w3.org/2000/svg", tag);
  for (const name in attributes) element.setAttribute(name, attributes[name]);
  return element;
};

// ---- Figures. The order of the counters is that of append_counters() in to_html.cpp.
const counters = ["macs", "flops", "transcendentals", "read", "written", "activations", "calls", "time"];
const toCost = (entry, first) => {
  const cost = {};
  counters.forEach((name, i) => { cost[name] = entry[first + i]; });
  cost.bytes = cost.read + cost.written;
  return cost;
};
const noCost = () => toCost(counters.map(() => 0), 0);
const add = (sum, cost) => { for (const name in cost) sum[name] += cost[name]; };
const intensity = (cost) => (cost.bytes === 0 ? 0 : cost.flops / cost.bytes);

const prefixes = ["", " k", " M", " G", " T", " P", " E", " Z"];
const human = (value) => {
  if (value < 1000) return Number.isInteger(value) ? String(value) : String(Number(value.toPrecision(4)));
  let prefix = 0;
  while (Number(value.toPrecision(4)) >= 1000 && prefix + 1 < prefixes.length) { value /= 1000; ++prefix; }
  return value.toPrecision(4) + prefixes[prefix];
};
const unit = (value, name) => { const text = human(value); return /[a-z]$/i.test(text) ? text + name : text + " " + name; };
const bytes = (value) => unit(value, "B");
// Of nanoseconds.
const duration = (value) => {
  const units = [[1e9, "s"], [1e6, "ms"], [1e3, "\u00B5s"]];
  const [size, name] = units.find(([least]) => value >= least) || [1, "ns"];
  return human(value / size) + " " + name;
};
const share = (part, whole) => {
  if (whole === 0 || part === 0) return "0 %";
  const percent = part / whole * 100;
  return percent < 0.1 ? "<0.1 %" : percent.toFixed(1) + " %";
};

const metrics = {
  flops: { title: "FLOPs", text: (v) => human(v) + " FLOPs" },
  macs: { title: "MACs", text: (v) => human(v) + " MACs" },
  bytes: { title: "Bytes", text: bytes },
  activations: { title: "Activations", text: (v) => human(v) + " activations" },
  transcendentals: { title: "Transcendentals", text: (v) => human(v) + " transcendentals" },
  calls: { title: "Calls", text: (v) => human(v) + " calls" },
  time: { title: "Time", text: (v) => duration(v) },
};

// ---- The modules as a tree.
const nodes = data.modules.map(([name, type, parent, parameters, flags, aliases, inputs, outputs], index) => ({
  index, name, type, parent, parameters, aliases, inputs, outputs, uncalled: (flags & 1) !== 0, scope: (flags & 2) !== 0, level: 0,
  children: [], pairs: [], own: noCost(), cost: noCost(), unknown: false,
}));
const operatorName = (op) => (op < data.operators.length ? data.operators[op] : "(other operators)");
const unknownNames = new Set(data.unknown.map(([name]) => name));
for (const entry of data.pairs) {
  const node = nodes[entry[0]];
  const pair = { op: entry[1], cost: toCost(entry, 2) };
  node.pairs.push(pair);
  add(node.own, pair.cost);
  node.unknown = node.unknown || unknownNames.has(operatorName(pair.op));
}
for (const node of nodes) add(node.cost, node.own);
for (let i = nodes.length - 1; i > 0; --i) add(nodes[nodes[i].parent].cost, nodes[i].cost);
for (let i = 1; i < nodes.length; ++i) {
  const parent = nodes[nodes[i].parent];
  nodes[i].level = parent.level + 1;
  parent.children.push(nodes[i]);
}
const root = nodes[0];
const ordered = [];
for (const pending = [root]; pending.length > 0;) {
  const node = pending.pop();
  ordered.push(node);
  for (let i = node.children.length - 1; i >= 0; --i) pending.push(node.children[i]);
}
const fullName = (node) => node.name || node.type || "(root)";
const shortName = (node) => {
  if (node.parent < 0) return fullName(node);
  const prefix = nodes[node.parent].name + ".";
  return node.name.startsWith(prefix) ? node.name.slice(prefix.length) : node.name;
};

const state = { zoom: root, metric: "flops", sort: null, ascending: false, filter: "", all: false };
if (root.cost.flops === 0) state.metric = root.cost.bytes > 0 ? "bytes" : "calls";

// ---- A tip beside the pointer or the focus.
const tip = byId("tip");
const hideTip = () => { tip.hidden = true; };
const showTip = (text, x, y) => {
  tip.textContent = text;
  tip.hidden = false;
  const box = tip.getBoundingClientRect();
  tip.style.left = Math.max(4, Math.min(x + 14, window.innerWidth - box.width - 8)) + "px";
  tip.style.top = (y + 18 + box.height > window.innerHeight ? y - box.height - 10 : y + 18) + "px";
};
const withTip = (element, text) => {
  element.addEventListener("mousemove", (event) => showTip(text, event.clientX, event.clientY));
  element.addEventListener("mouseleave", hideTip);
  element.addEventListener("focus", () => {
    const box = element.getBoundingClientRect();
    showTip(text, box.left, box.bottom - 10);
  });
  element.addEventListener("blur", hideTip);
};
const hasTime = root.cost.time > 0;
const figures = (cost) => [
  human(cost.macs) + " MACs, " + human(cost.flops) + " FLOPs (" + share(cost.flops, root.cost.flops) + ")",
  bytes(cost.bytes) + ", " + human(intensity(cost)) + " FLOPs/byte",
  human(cost.activations) + " activations, " + human(cost.calls) + " calls",
].concat(cost.time > 0 ? [duration(cost.time) + ", " + unit(cost.flops / cost.time * 1e9, "FLOP/s") + ", " + unit(cost.bytes / cost.time * 1e9, "B/s")] : [])
  .join("\n");

// ---- Totals and caveats.
const drawTotals = () => {
  byId("subtitle").textContent = "Counted by torchtally" + (data.torchVersion ? " on LibTorch " + data.torchVersion : "");
  const total = root.cost;
  const atLeast = data.saturated ? "at least " : "";
  for (const [name, figure] of [["MACs", atLeast + human(total.macs)], ["FLOPs", atLeast + human(total.flops)],
    ["Parameters", human(root.parameters)], ["Activations", human(total.activations)], ["Bytes moved", bytes(total.bytes)],
    ["FLOPs per byte", human(intensity(total))], ["Transcendentals", human(total.transcendentals)], ["Operator calls", human(total.calls)]]
    .concat(hasTime ? [["Time in kernels", duration(total.time)], ["Achieved", unit(total.flops / total.time * 1e9, "FLOP/s")]] : [])) {
    byId("totals").append(make("div", null, make("dt", { textContent: name }), make("dd", { textContent: figure })));
  }
  const list = byId("caveats").querySelector("ul");
  if (data.unknown.length > 0) {
    const item = make("li", null, "Operators without a formula: their own cost is not in the figures, only what they called inside. ");
    data.unknown.forEach(([name, calls], i) => item.append(i > 0 ? ", " : "", make("code", { textContent: name }), ` (${calls} calls)`));
    if (data.unknown.some(([name]) => name.startsWith("torch_compile::")))
      item.append(". torch_compile: what compiled code has fused; products and convolutions that it calls as operators are counted");
    list.append(item);
  }
  const uncalled = nodes.filter((node) => node.uncalled);
  if (uncalled.length > 0) {
    const names = uncalled.slice(0, 8).map(fullName).join(", ");
    const more = uncalled.length > 8 ? ` and ${uncalled.length - 8} more` : "";
    list.append(make("li", { textContent: `${uncalled.length} ${uncalled.length === 1 ? "module was" : "modules were"} not called: ${names}${more}.` }));
  }
  if (data.saturated) list.append(make("li", { textContent: "A counter left the range of 64 bits: totals are a lower bound." }));
  if (data.pairs.some((entry) => entry[1] >= data.operators.length)) {
    list.append(make("li", { textContent: "This run has more pairs of module and operator than a browser likes: in the chart the smallest are added up as (other operators)." }));
  }
  byId("caveats").hidden = list.children.length === 0;
};

// ---- The icicle chart.
const rowHeight = 27;
const colourOf = (type) => {
  let hash = 0;
  for (const c of type) hash = (hash * 31 + c.codePointAt(0)) >>> 0;
  return `hsl(${hash * 47 % 360} var(--saturation) var(--lightness))`;
};
let blocks = new Map();  // key of a block: its element, its module, its neighbours

const layOut = (width) => {
  const value = (cost) => cost[state.metric];
  const placed = [];
  const pending = [{ node: state.zoom, x: 0, width, depth: 0, key: "m" + state.zoom.index, parent: null }];
  while (pending.length > 0) {
    const block = pending.pop();
    placed.push(block);
    const whole = value(block.node ? block.node.cost : block.pair.cost);
    if (!block.node || whole === 0) continue;
    let x = block.x;
    const parts = block.node.children.map((child) => ({ node: child, key: "m" + child.index, size: value(child.cost) }))
      .concat(block.node.pairs.map((pair) => ({ pair, key: "m" + block.node.index + "o" + pair.op, size: value(pair.cost) })));
    for (const part of parts) {
      const partWidth = block.width * part.size / whole;
      if (partWidth >= 0.7) pending.push({ ...part, x, width: partWidth, depth: block.depth + 1, parent: block.key });
      x += partWidth;
    }
  }
  return placed;
};

const zoomTo = (node, focus) => {
  state.zoom = node;
  hideTip();
  drawIcicle();
  drawOperators();
  byId("icicle-status").textContent = "Showing " + fullName(node) + ", " + metrics[state.metric].text(node.cost[state.metric]);
  if (focus) blocks.get("m" + node.index).element.focus();
};

const focusBlock = (key) => {
  const block = blocks.get(key);
  if (!block) return;
  for (const other of blocks.values()) other.element.setAttribute("tabindex", "-1");
  block.element.setAttribute("tabindex", "0");
  block.element.focus();
};

const onBlockKey = (event, block) => {
  const siblings = [...blocks.values()].filter((other) => other.parent === block.parent).sort((a, b) => a.x - b.x);
  const place = siblings.indexOf(block);
  const below = [...blocks.values()].filter((other) => other.parent === block.key).sort((a, b) => a.x - b.x);
  switch (event.key) {
    case "Enter": case " ": if (block.node) zoomTo(block.node, true); break;
    case "ArrowRight": if (place + 1 < siblings.length) focusBlock(siblings[place + 1].key); break;
    case "ArrowLeft": if (place > 0) focusBlock(siblings[place - 1].key); break;
    case "ArrowDown": if (below.length > 0) focusBlock(below[0].key); break;
    case "ArrowUp": if (block.parent) focusBlock(block.parent); break;
    case "Home": focusBlock("m" + state.zoom.index); break;
    case "Escape": case "Backspace": if (state.zoom.parent >= 0) zoomTo(nodes[state.zoom.parent], true); break;
    default: return;
  }
  event.preventDefault();
};

const drawPath = () => {
  const path = byId("path");
  path.replaceChildren();
  const chain = [];
  for (let node = state.zoom; node; node = nodes[node.parent]) chain.unshift(node);
  chain.forEach((node, i) => {
    if (i > 0) path.append(make("span", { className: "faint", ariaHidden: "true", textContent: "\u203A" }));
    if (node === state.zoom) {
      const current = make("span", { textContent: shortName(node) + (node.type && node.parent >= 0 ? ` (${node.type})` : "") });
      current.setAttribute("aria-current", "true");
      path.append(current);
    } else {
      path.append(make("button", { type: "button", textContent: shortName(node), onclick: () => zoomTo(node, true) }));
    }
  });
};

const drawIcicle = () => {
  drawPath();
  const container = byId("icicle");
  const width = container.clientWidth || 1000;
  const placed = layOut(width);
  const depth = Math.max(...placed.map((block) => block.depth)) + 1;
  const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${depth * rowHeight}`, height: depth * rowHeight, role: "presentation" });
  blocks = new Map();
  const metric = metrics[state.metric];
  for (const block of placed) {
    const cost = block.node ? block.node.cost : block.pair.cost;
    const name = block.node ? shortName(block.node) : operatorName(block.pair.op);
    const type = block.node && block.node.parent >= 0 ? block.node.type : "";
    const group = makeSvg("g", { class: block.node ? "block" : "block operator", tabindex: block.depth === 0 ? "0" : "-1", role: "treeitem",
      "aria-level": block.depth + 1, "data-key": block.key,
      "aria-label": [name, type, metric.text(cost[state.metric]), share(cost[state.metric], root.cost[state.metric])].filter(Boolean).join(", ") });
    const rect = makeSvg("rect", { x: block.x.toFixed(2), y: block.depth * rowHeight, width: block.width.toFixed(2), height: rowHeight - 1, rx: 2 });
    if (block.node) rect.style.fill = colourOf(block.node.type);
    group.append(rect);
    const room = Math.floor((block.width - 10) / 6.8);
    const label = type && name.length + type.length + 2 <= room ? name + ": " + type : name;
    if (room >= 3) {
      const text = makeSvg("text", { x: (block.x + 5).toFixed(2), y: block.depth * rowHeight + 17.5 });
      text.textContent = label.length <= room ? label : label.slice(0, room - 1) + "\u2026";
      group.append(text);
    }
    const details = block.node
      ? [fullName(block.node) + (type ? ": " + type : ""), human(block.node.parameters) + " parameters", figures(cost),
        block.node.inputs && "in " + block.node.inputs, block.node.outputs && "out " + block.node.outputs,
        block.node.aliases.length > 0 && "also called " + block.node.aliases.join(", ")].filter(Boolean).join("\n")
      : name + "\n" + figures(cost);
    withTip(group, details);
    block.element = group;
    if (block.node) group.addEventListener("click", () => zoomTo(block.node === state.zoom && block.node.parent >= 0 ? nodes[block.node.parent] : block.node, true));
    group.addEventListener("keydown", (event) => onBlockKey(event, block));
    blocks.set(block.key, block);
    svg.append(group);
  }
  container.replaceChildren(svg);
  if (state.zoom.cost[state.metric] === 0) container.append(make("p", { className: "faint", textContent: `No ${metric.title} here.` }));
};

// ---- Bars: operators of what is shown, phases, dtypes.
const drawBars = (container, entries, limit) => {
  const metric = metrics[state.metric];
  const whole = entries.reduce((sum, entry) => sum + entry.cost[state.metric], 0);
  const sorted = entries.slice().sort((a, b) => b.cost[state.metric] - a.cost[state.metric] || b.cost.calls - a.cost.calls);
  const list = make("div", { className: "bars" });
  list.setAttribute("role", "list");
  for (const { name, cost } of sorted.slice(0, limit)) {
    const value = cost[state.metric];
    const fill = make("div", { className: "fill" });
    fill.style.width = whole === 0 ? "0" : (value / whole * 100).toFixed(2) + "%";
    const cells = [make("div", { className: "name", textContent: name }), make("div", { className: "track" }, fill),
      make("div", { className: "figure", textContent: metric.text(value).replace(/ [A-Za-z]{4,}$/, "") }),
      make("div", { className: "figure faint", textContent: share(value, whole) })];
    if (unknownNames.has(name)) cells[0].append(make("span", { className: "mark", textContent: "unknown" }));
    const row = make("div", null, ...cells);
    row.style.display = "contents";
    row.setAttribute("role", "listitem");
    withTip(row, name + "\n" + figures(cost));
    list.append(row);
  }
  container.replaceChildren(list);
  if (sorted.length > limit) {
    container.append(make("p", null, make("button", { type: "button", textContent: `Show all ${sorted.length}`, onclick: () => drawBars(container, entries, Infinity) })));
  }
};

const operatorsOf = (node) => {
  if (node === root) return data.byOperator.map((entry) => ({ name: entry[0], cost: toCost(entry, 1) }));
  const sums = new Map();
  for (const pending = [node]; pending.length > 0;) {
    const next = pending.pop();
    pending.push(...next.children);
    for (const pair of next.pairs) {
      if (!sums.has(pair.op)) sums.set(pair.op, noCost());
      add(sums.get(pair.op), pair.cost);
    }
  }
  return [...sums].map(([op, cost]) => ({ name: operatorName(op), cost }));
};
const drawOperators = () => {
  byId("operators-of").textContent = "by " + metrics[state.metric].title + (state.zoom === root ? "" : " in " + fullName(state.zoom));
  drawBars(byId("operators"), operatorsOf(state.zoom), 12);
};
const drawBreakdown = () => {
  drawOperators();
  drawBars(byId("phases"), data.byPhase.map((entry) => ({ name: entry[0], cost: toCost(entry, 1) })), 12);
  drawBars(byId("dtypes"), data.byDtype.map((entry) => ({ name: entry[0], cost: toCost(entry, 1) })), 12);
};

// ---- The roofline plot.
const drawRoofline = () => {
  const peak = Number(byId("peak").value) * 1e9;
  const bandwidth = Number(byId("bandwidth").value) * 1e9;
  const hasRoof = peak > 0 && bandwidth > 0;
  const all = byId("points").value === "operators"
    ? data.byOperator.map((entry) => ({ name: entry[0], cost: toCost(entry, 1) }))
    : nodes.filter((node) => node.pairs.length > 0).map((node) => ({ name: fullName(node), cost: node.own }));
  const points = all.filter((point) => point.cost.flops > 0 && point.cost.bytes > 0 && (!hasTime || point.cost.time > 0))
    .sort((a, b) => b.cost.flops - a.cost.flops).slice(0, 400);
  const text = byId("roofline-text");
  if (points.length === 0) {
    text.textContent = "Nothing that was counted both computes and moves data.";
    byId("roofline").replaceChildren();
    return;
  }
  const attainable = (point) => Math.min(peak, bandwidth * intensity(point.cost));
  if (hasRoof) {
    // Copies and the like take time too: bytes count whether or not there are FLOPs with them.
    const time = (cost) => Math.max(cost.flops / peak, cost.bytes / bandwidth);
    const seconds = all.reduce((sum, point) => sum + time(point.cost), 0);
    const memory = all.filter((point) => intensity(point.cost) < peak / bandwidth).reduce((sum, point) => sum + time(point.cost), 0);
    text.textContent = `At this peak and bandwidth the run takes at least ${unit(seconds * 1e6, "\u00B5s").replace(/(\S+) k\u00B5s/, "$1 ms").replace(/(\S+) M\u00B5s/, "$1 s")}` +
      ` (${unit(root.cost.flops / seconds, "FLOP/s")}); ${share(memory, seconds)} of that is bound by memory. The roof bends at ${human(peak / bandwidth)} FLOPs per byte.`;
  } else {
    text.textContent = "Type in your machine's peak and bandwidth to see the roof over these points. " + (hasTime ? "" : "Without them the height of a point is its FLOPs.");
  }
  const achieved = (point) => point.cost.flops / point.cost.time * 1e9;
  const isRate = hasRoof || hasTime;
  if (hasTime) text.textContent += " The height of a point is what it achieved.";
  const height = (point) => (hasTime ? achieved(point) : hasRoof ? attainable(point) : point.cost.flops);
  const width = byId("roofline").clientWidth || 1000;
  const size = { left: 86, right: 16, top: 12, bottom: 46, height: 340 };
  const log = Math.log10;
  const extent = (values) => [Math.floor(log(Math.min(...values)) - 0.05), Math.ceil(log(Math.max(...values)) + 0.05)];
  const xs = points.map((point) => intensity(point.cost)).concat(hasRoof ? [peak / bandwidth] : []);
  const ys = points.map(height).concat(hasRoof ? [peak] : []);
  const [x0, x1] = extent(xs);
  const [y0, y1] = extent(ys);
  const toX = (value) => size.left + (log(value) - x0) / (x1 - x0) * (width - size.left - size.right);
  const toY = (value) => size.height - size.bottom - (log(value) - y0) / (y1 - y0) * (size.height - size.bottom - size.top);
  const svg = makeSvg("svg", { viewBox: `0 0 ${width} ${size.height}`, height: size.height, role: "img",
    "aria-label": "Roofline plot of " + points.length + " " + byId("points").value + "; their figures are in the lists and the table." });
  const addText = (content, attributes) => {
    const element = makeSvg("text", { class: "tick", ...attributes });
    element.textContent = content;
    svg.append(element);
  };
  for (let e = x0; e <= x1; ++e) {
    const x = toX(10 ** e);
    svg.append(makeSvg("line", { class: "grid", x1: x, x2: x, y1: size.top, y2: size.height - size.bottom }));
    addText(e < 0 ? String(10 ** e) : human(10 ** e).replace(/\.0+/, ""), { x, y: size.height - size.bottom + 18, "text-anchor": "middle" });
  }
  const step = Math.max(1, Math.ceil((y1 - y0) / 7));
  for (let e = y0; e <= y1; e += step) {
    const y = toY(10 ** e);
    svg.append(makeSvg("line", { class: "grid", x1: size.left, x2: width - size.right, y1: y, y2: y }));
    addText(unit(10 ** e, isRate ? "FLOP/s" : "").replace(/\.0+/, ""), { x: size.left - 8, y: y + 4, "text-anchor": "end" });
  }
  addText("FLOPs per byte", { x: (width + size.left) / 2, y: size.height - 8, "text-anchor": "middle" });
  if (hasRoof) {
    const bend = peak / bandwidth;
    const start = Math.max(10 ** x0, 10 ** y0 / bandwidth);
    svg.append(makeSvg("path", { class: "roof", d: `M${toX(start)} ${toY(bandwidth * start)} L${toX(bend)} ${toY(peak)} L${toX(10 ** x1)} ${toY(peak)}` }));
  }
  const largest = points[0].cost.flops;
  points.forEach((point) => {
    const memory = hasRoof && intensity(point.cost) < peak / bandwidth;
    const radius = 4 + 14 * Math.sqrt(point.cost.flops / largest);
    const circle = makeSvg("circle", { class: "point " + (memory ? "memory" : "compute"), cx: toX(intensity(point.cost)), cy: toY(height(point)), r: radius.toFixed(1) });
    withTip(circle, point.name + "\n" + figures(point.cost) + (hasRoof ? `\nat most ${unit(attainable(point), "FLOP/s")}, bound by ${memory ? "memory" : "arithmetic"}` : ""));
    svg.append(circle);
  });
  const taken = [];  // labels do not cover one another
  for (const point of points.slice(0, 10)) {
    const x = toX(intensity(point.cost));
    const y = toY(height(point));
    const name = point.name.replace(/^aten::/, "");
    // Right of the point and below it: the roof rises to the right, and passes above.
    const radius = 4 + 14 * Math.sqrt(point.cost.flops / largest);
    const length = name.length * 6.6;
    const left = x + radius * 0.75 + 3;
    const places = [{ left, y: y + radius * 0.75 + 11 }, { left: x - length / 2, y: y - radius - 5 }];
    const box = places.map((place) => ({ ...place, right: place.left + length })).find((place) =>
      place.right <= width && place.left >= size.left && place.y > size.top && place.y <= size.height - size.bottom &&
      !taken.some((other) => place.left < other.right && other.left < place.right && Math.abs(place.y - other.y) < 14));
    if (!box) continue;
    taken.push(box);
    addText(name, { x: box.left, y: box.y });
  }
  byId("roofline").replaceChildren(svg);
};

// ---- The table.
const columns = [
  { title: "Module", value: (node) => node.name, text: null },
  { title: "Type", value: (node) => node.type, text: (node) => node.type },
  { title: "Parameters", value: (node) => node.parameters, text: (node) => human(node.parameters) },
  { title: "MACs", value: (node) => node.cost.macs, text: (node) => human(node.cost.macs) },
  { title: "FLOPs", value: (node) => node.cost.flops, text: (node) => human(node.cost.flops) },
  { title: "Share", value: (node) => node.cost.flops, text: (node) => share(node.cost.flops, root.cost.flops) },
  { title: "Activations", value: (node) => node.cost.activations, text: (node) => human(node.cost.activations) },
  { title: "Bytes", value: (node) => node.cost.bytes, text: (node) => bytes(node.cost.bytes) },
  { title: "FLOPs/byte", value: (node) => intensity(node.cost), text: (node) => human(intensity(node.cost)) },
  { title: "Calls", value: (node) => node.cost.calls, text: (node) => human(node.cost.calls) },
];
if (hasTime) columns.splice(6, 0, { title: "Time", value: (node) => node.cost.time, text: (node) => duration(node.cost.time) });
const rowLimit = 300;
const drawTable = () => {
  const head = byId("table").tHead;
  const cells = columns.map((column) => {
    const cell = make("th", { scope: "col" }, make("button", { type: "button", textContent: column.title, onclick: () => {
      if (state.sort !== column) { state.sort = column; state.ascending = typeof column.value(root) === "string"; }
      else if (state.ascending === (typeof column.value(root) === "string")) state.ascending = !state.ascending;
      else state.sort = null;  // the third click: the order of the model again
      drawTable();
      byId("table").tHead.querySelectorAll("button")[columns.indexOf(column)].focus();
    } }));
    cell.setAttribute("aria-sort", state.sort !== column ? "none" : state.ascending ? "ascending" : "descending");
    return cell;
  });
  head.replaceChildren(make("tr", null, ...cells));

  const wanted = state.filter.toLowerCase();
  let rows = ordered.filter((node) => !wanted || (node.name + " " + node.type).toLowerCase().includes(wanted));
  if (state.sort) {
    const { value } = state.sort;
    const direction = state.ascending ? 1 : -1;
    rows = rows.slice().sort((a, b) => { const x = value(a), y = value(b); return x < y ? -direction : x > y ? direction : 0; });
  }
  const shown = state.all ? rows : rows.slice(0, rowLimit);
  const asTree = !state.sort && !wanted;
  byId("table").tBodies[0].replaceChildren(...shown.map((node) => {
    const first = make("td", null, make("button", { type: "button", textContent: asTree ? shortName(node) : fullName(node), title: "Zoom the chart to " + fullName(node),
      onclick: () => { zoomTo(node, true); byId("icicle").scrollIntoView({ block: "center" }); } }));
    if (asTree) first.style.paddingLeft = 10 + node.level * 16 + "px";
    if (node.uncalled) first.append(make("span", { className: "mark", textContent: "not called" }));
    if (node.unknown) first.append(make("span", { className: "mark", textContent: "unknown operator" }));
    if (node.aliases.length > 0) first.append(make("span", { className: "mark", textContent: "shared: " + node.aliases.join(", ") }));
    const row = make("tr", { className: node.cost.calls === 0 ? "none" : "" }, first);
    for (const column of columns.slice(1)) row.append(make("td", { textContent: column.text(node) }));
    return row;
  }));
  byId("more").hidden = shown.length === rows.length;
  byId("more").textContent = `Show all ${rows.length} modules`;
};

// ---- Controls.
const setTheme = (theme) => {
  document.documentElement.dataset.theme = theme;
  byId("theme").textContent = theme === "dark" ? "Light" : "Dark";
};
const dark = window.matchMedia("(prefers-color-scheme: dark)");
setTheme(dark.matches ? "dark" : "light");
dark.addEventListener("change", () => setTheme(dark.matches ? "dark" : "light"));
byId("theme").addEventListener("click", () => setTheme(document.documentElement.dataset.theme === "dark" ? "light" : "dark"));

if (!hasTime) delete metrics.time;
for (const name in metrics) byId("metric").append(make("option", { value: name, textContent: metrics[name].title }));
byId("metric").value = state.metric;
byId("metric").addEventListener("change", () => { state.metric = byId("metric").value; drawIcicle(); drawBreakdown(); });
if (data.peak > 0) byId("peak").value = data.peak / 1e9;
if (data.bandwidth > 0) byId("bandwidth").value = data.bandwidth / 1e9;
for (const id of ["peak", "bandwidth"]) byId(id).addEventListener("input", drawRoofline);
byId("points").addEventListener("change", drawRoofline);
byId("filter").addEventListener("input", () => { state.filter = byId("filter").value; state.all = false; drawTable(); });
byId("more").addEventListener("click", () => { state.all = true; drawTable(); });
document.addEventListener("keydown", (event) => { if (event.key === "Escape") hideTip(); });
let resizing = 0;
window.addEventListener("resize", () => { clearTimeout(resizing); resizing = setTimeout(() => { drawIcicle(); drawRoofline(); }, 100); });

drawTotals();
drawIcicle();
drawBreakdown();
drawRoofline();
drawTable();
})();
