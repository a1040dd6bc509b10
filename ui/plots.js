// Live plots of throughput and request units, from what this page has seen of the run. Where the database throttled,
// the ground is shaded. uPlot draws on a canvas, so each plot also says in words what it shows.

import { card, el } from "./dom.js";
import { clock, number, rate } from "./format.js";
import { hasEnded } from "./states.js";

const HEIGHT = 150;
const LEAST_SAMPLES = 3;
const dark = matchMedia("(prefers-color-scheme: dark)");

export function plots() {
  const rows = plot("Throughput", "rows", "--accent");
  const units = plot("Request units per second", "ru", "--busy");
  const node = card("Pace", { hidden: true }, el("div", { class: "columns two" }, rows.node, units.node));
  const anew = () => { rows.draw(); units.draw(); };
  dark.addEventListener("change", anew);
  const sized = new ResizeObserver(() => { rows.resize(); units.resize(); });
  sized.observe(node);
  return {
    node,
    update({ run, pace }) {
      const samples = pace.samples.filter((sample) => sample.rows !== null);
      node.hidden = samples.length < LEAST_SAMPLES || (hasEnded(run) && !samples.length);
      if (node.hidden) return;
      rows.show(samples);
      units.show(samples);
    },
    end() {
      dark.removeEventListener("change", anew);
      sized.disconnect();
      rows.end();
      units.end();
    },
  };
}

function plot(title, name, tone) {
  const canvas = el("div", { role: "img" });
  const now = el("span", { class: "strong" });
  const node = el("figure", {}, el("figcaption", { class: "row between" }, title, now), canvas);
  let samples = [], drawn = null;

  const data = () => [samples.map(({ at }) => at), samples.map((sample) => sample[name] ?? 0)];

  function draw() {
    drawn?.destroy();
    if (samples.length) drawn = new uPlot(options(node, tone, () => samples), data(), canvas);
  }

  function show(given) {
    samples = given;
    drawn ? drawn.setData(data()) : draw();
    const [last, most] = [samples.at(-1)[name] ?? 0, Math.max(...data()[1])];
    const throttled = samples.reduce((sum, sample) => sum + sample.throttled, 0);
    now.textContent = `${rate(last)}/s`;
    canvas.setAttribute("aria-label", `${title}: now ${rate(last)} a second, at most ${rate(most)}; ${number(throttled)} operations throttled.`);
  }

  return {
    node, draw, show,
    resize: () => drawn?.setSize({ width: node.clientWidth, height: HEIGHT }),
    end: () => drawn?.destroy(),
  };
}

function options(node, tone, samples) {
  const color = (name) => resolved(node, name);
  const axis = { stroke: color("--soft"), grid: { stroke: color("--line"), width: 1 }, ticks: { show: false }, font: "12px system-ui" };
  return {
    width: node.clientWidth, height: HEIGHT, legend: { show: false }, cursor: { y: false, drag: { x: false, y: false } },
    padding: [8, 4, 0, 0],
    scales: { y: { range: (_, least, most) => [0, Math.max(1, most * 1.1)] } },
    axes: [{ ...axis, space: 80, values: (_, values) => values.map((at) => clock(at * 1000)) }, { ...axis, size: 52, values: (_, values) => values.map(rate) }],
    series: [{}, { stroke: color(tone), fill: `${color(tone)}22`, width: 2, points: { show: false } }],
    hooks: { drawClear: [(chart) => shadeThrottled(chart, samples(), color("--wait"))] },
  };
}

function shadeThrottled(chart, samples, color) {
  const { ctx, bbox } = chart;
  ctx.save();
  ctx.fillStyle = `${color}30`;
  samples.forEach((sample, index) => {
    if (!sample.throttled || !index) return;
    const [from, to] = [samples[index - 1].at, sample.at].map((at) => chart.valToPos(at, "x", true));
    ctx.fillRect(from, bbox.top, Math.max(1, to - from), bbox.height);
  });
  ctx.restore();
}

// A custom property with light-dark() as the color that it is now, as #rrggbb.
function resolved(node, name) {
  const probe = el("span", { style: { color: `var(${name})` } });
  node.append(probe);
  const [red, green, blue] = getComputedStyle(probe).color.match(/[\d.]+/g).map(Number);
  probe.remove();
  return `#${[red, green, blue].map((part) => Math.round(part).toString(16).padStart(2, "0")).join("")}`;
}
